"""The tokens of the settings, and the cameras and channels that each is limited to.

A list of tokens is written as ``["TOKEN", {token = "TOKEN", cameras = ["door-*"]}]``, in the
environment as JSON. Every TOKEN may be ``env:NAME`` or ``file:PATH``, with one token per line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
)
from pydantic_settings import NoDecode

from streamlab.core.access import ANY, Grant
from streamlab.secret import read_secrets

MAX_PATTERNS = 1000
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{8,}=*")  # RFC 6750, 2.1; put into a cookie unencoded
_PATTERN = re.compile(r"[A-Za-z0-9_.*-]{1,64}")


def _check_token(token: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("a token must be at least 8 characters from A-Z a-z 0-9 . _ ~ + / -")
    return token


def _check_pattern(pattern: str) -> str:
    if not _PATTERN.fullmatch(pattern):
        raise ValueError("use a name, in which * stands for any characters")
    return pattern


Patterns = Annotated[
    tuple[Annotated[str, AfterValidator(_check_pattern)], ...],
    Field(min_length=1, max_length=MAX_PATTERNS),
]


class Token(BaseModel):
    """A token, and what it is limited to."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: Annotated[SecretStr, AfterValidator(_check_token)]
    cameras: Patterns = (ANY,)
    channels: Patterns = (ANY,)

    @property
    def grant(self) -> Grant:
        """The cameras and channels that it opens."""
        return Grant(self.cameras, self.channels)


def split(value: object) -> object:
    """Parse a list written as ``a,b`` or, like any list of the settings, as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def _read(value: object, info: ValidationInfo) -> object:
    entries = split(value)
    if not isinstance(entries, list | tuple):
        return entries
    return [each for entry in entries for each in _tokens_of(entry, info.field_name or "tokens")]


def _tokens_of(entry: object, name: str) -> Iterator[object]:
    """Yield an entry once for each token that it names."""
    if isinstance(entry, str):
        entry = {"token": entry}
    elif isinstance(entry, SecretStr):
        entry = {"token": entry.get_secret_value()}
    if isinstance(entry, dict) and isinstance(entry.get("token"), str):
        limits: dict[str, Any] = entry
        yield from ({**limits, "token": token} for token in read_secrets(entry["token"], name))
    else:
        yield entry


def _check_admins(tokens: list[Token]) -> list[Token]:
    if any(ANY not in token.channels for token in tokens):
        raise ValueError("a token that is limited to channels cannot change cameras")
    return tokens


Tokens = Annotated[list[Token], NoDecode, BeforeValidator(_read)]
AdminTokens = Annotated[Tokens, AfterValidator(_check_admins)]
