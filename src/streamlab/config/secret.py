"""Secrets that a configuration file refers to by ``env:NAME`` or ``file:PATH``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, SecretStr

MAX_SECRET_BYTES = 4096


def _resolve(secret: SecretStr) -> SecretStr:
    kind, colon, name = secret.get_secret_value().partition(":")
    if colon and kind == "env":
        if name not in os.environ:
            raise ValueError(f"the environment variable '{name}' is not set")
        return SecretStr(os.environ[name])
    if colon and kind == "file":
        return SecretStr(_read(Path(name)))
    return secret


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
        text = data.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"cannot read '{path}': {reason}") from None
    if len(data) > MAX_SECRET_BYTES:
        raise ValueError(f"'{path}' has more than {MAX_SECRET_BYTES} bytes")
    return text


Secret = Annotated[SecretStr, AfterValidator(_resolve)]
"""Read from the environment or a file on validation; any other text is used as it is."""
