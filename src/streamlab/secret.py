"""Secrets that a setting or an option names instead of holding: ``env:NAME`` or ``file:PATH``.

Errors and warnings name the setting and the file, never what is in it.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo

log = logging.getLogger(__name__)
MAX_SECRET_BYTES = 4096
MAX_LIST_BYTES = 65_536
COMMENT = "#"


def is_reference(text: str) -> bool:
    """Return True if a text names a secret and is none itself."""
    return text.startswith(("env:", "file:"))


def read_secret(text: str, name: str) -> str:
    """Return the secret that a text names, or the text itself if it names none.

    White space at the end of a file is removed. A file that every user of the machine can read is
    used, with a warning.

    Args:
        text: ``env:NAME``, ``file:PATH``, or the secret.
        name: the setting or option, for the warning.

    Raises:
        ValueError: the variable is not set, or the file cannot be read, is empty, is too large or
            is not UTF-8.
    """
    return _read(text, name, MAX_SECRET_BYTES)


def read_secrets(text: str, name: str) -> list[str]:
    """Return the secrets that a text names, one per line of a file or variable.

    Empty lines and those that begin with ``#`` are left out. See ``read_secret``.
    """
    if not is_reference(text):
        return [text]
    lines = [line.strip() for line in _read(text, name, MAX_LIST_BYTES).splitlines()]
    found = [line for line in lines if line and not line.startswith(COMMENT)]
    if not found:
        raise ValueError(f"there is no secret in '{text.partition(':')[2]}'")
    return found


def _read(text: str, name: str, max_bytes: int) -> str:
    kind, colon, place = text.partition(":")
    if colon and kind == "env":
        if place not in os.environ:
            raise ValueError(f"the environment variable '{place}' is not set")
        return os.environ[place]
    if colon and kind == "file":
        return _read_file(Path(place), name, max_bytes)
    return text


def _read_file(path: Path, name: str, max_bytes: int) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
            mode = os.fstat(file.fileno()).st_mode
        text = data.decode().rstrip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"cannot read '{path}': {reason}") from None
    if len(data) > max_bytes:
        raise ValueError(f"'{path}' has more than {max_bytes} bytes")
    if not text:
        raise ValueError(f"'{path}' is empty")
    warn_if_readable(mode, name, path)
    return text


def warn_if_readable(mode: int, name: str, path: Path) -> None:
    """Warn if every user of the machine can read a file that holds the secret ``name``."""
    if os.name == "posix" and stat.S_ISREG(mode) and mode & stat.S_IROTH:
        log.warning("%s: every user of this machine can read '%s': chmod o-r", name, path)


def _resolve(secret: SecretStr, info: ValidationInfo) -> SecretStr:
    return SecretStr(read_secret(secret.get_secret_value(), info.field_name or "a secret"))


Secret = Annotated[SecretStr, AfterValidator(_resolve)]
"""Read from the environment or a file on validation; any other text is used as it is."""
ParameterName = Annotated[str, Field(min_length=1, max_length=100)]


class Credentials(BaseModel):
    """What a source asks for: a user, or query parameters. Its repr shows none of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    username: Secret | None = None
    password: Secret | None = None
    query: dict[ParameterName, Secret] = Field(default={}, max_length=32)

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to send."""
        return self.username is None and self.password is None and not self.query
