"""Keeps credentials out of everything that is shown.

``redacted`` returns an address in a form that may be shown. ``scrub`` does the same for the
addresses in third-party text: FFmpeg and httpx quote what they could not open.
``CredentialsFilter`` scrubs log records, as a second line of defence.

User info is removed. A value is hidden if its name suggests a credential; when in doubt it is
hidden, since hiding a value such as that of ``keyframes`` costs nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from urllib.parse import quote, unquote

from streamlab.address import Address, AddressError

HIDDEN = "***"
MIN_SECRET_CHARS = 3  # a shorter one occurs in too many words to be searched for

_SECRET_PARTS = (
    "user", "usr", "login", "pass", "pwd", "psw", "token", "key", "auth", "sig", "secret", "cred",
    "session", "jwt", "hmac", "hdnts", "hdnea",
)  # fmt: skip
_SECRET_NAMES = frozenset({"u", "p", "pw", "pin", "sid", "otp"})
_NAME = re.compile(r"[\w.%~\[\]-]+\Z")
_MAX_NAME_CHARS = 64
# The last character is not punctuation, which may end the sentence around the address.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,31}://[^\s\"'<>`]*[^\s\"'<>`:,.;)!?]")
_PAIR = re.compile(r"(?<=[?&])([\w.%~\[\]-]{1,64})=[^\s\"'<>`&]+")
_HEADER = re.compile(r"(authorization['\"]?\s*[:=]\s*)[^\r\n]+", re.IGNORECASE)


def redacted(address: str, *, also: Collection[str] = ()) -> str:
    """Return an address without user info and with the values of credentials hidden.

    ``also`` names further parameters whose values are hidden. If the address cannot be parsed,
    nothing before its last ``@`` is shown.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        hidden, _, after = address.rpartition("@")
        return f"{HIDDEN}@{after}" if ":" in hidden else address
    try:
        parts = Address.parse(address)
    except AddressError:
        hidden, _, after = rest.rpartition("@")
        if not hidden and not rest.startswith(("/", "?", "#")):
            return f"{scheme}://{HIDDEN}"
        return f"{scheme}://{HIDDEN + '@' if hidden else ''}{_hide_values(after, also)}"
    return f"{scheme}://{parts.host}{_hide_values(parts.rest, also)}"


def scrub(text: str) -> str:
    """Return a text with its addresses redacted and other recognised credentials hidden."""
    if "://" in text:
        text = _ADDRESS.sub(lambda match: redacted(match[0]), text)
    if "=" in text:
        text = _PAIR.sub(lambda match: _shown_pair(match[0], match[1]), text)
    return _HEADER.sub(rf"\g<1>{HIDDEN}", text)


def scrub_of(text: str, address: str, *, also: Collection[str] = ()) -> str:
    """Return a text about one address without the credentials of that address, in any encoding."""
    text = text.replace(address, redacted(address, also=also))
    for secret in sorted(set(_secrets(address, also)), key=len, reverse=True):
        if len(secret) >= MIN_SECRET_CHARS:
            # Whole words only: the password 'cam' must not turn every 'camera' into '***era'.
            text = re.sub(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", HIDDEN, text)
    return scrub(text)


class CredentialsFilter(logging.Filter):
    """Scrubs log records; add it to a handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove credentials from the record and let it pass."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments do not fit the format: the handler reports that
            return True
        if scrub(message) != message:
            self._scrub_arguments(record)
        if record.exc_info:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True

    @staticmethod
    def _scrub_arguments(record: logging.LogRecord) -> None:
        """Scrub, keeping the number of arguments if possible: uvicorn's formatter relies on it."""
        if isinstance(record.args, tuple):
            record.args = tuple(scrub(a) if isinstance(a, str) else a for a in record.args)
        message = record.getMessage()
        if (shown := scrub(message)) != message:
            record.msg, record.args = shown, ()


def _is_secret(name: str, also: Collection[str] = ()) -> bool:
    name = unquote(name)
    letters = re.sub(r"[^a-z]", "", name.lower())
    return name in also or letters in _SECRET_NAMES or any(p in letters for p in _SECRET_PARTS)


def _shown_pair(pair: str, name: str) -> str:
    return f"{name}={HIDDEN}" if _is_secret(name) else pair


def _values(text: str, also: Collection[str]) -> Iterator[tuple[int, int]]:
    """Yield the span of each credential in the ``name=value`` pairs of a path or query.

    A value extends to the next ``&``, since a password may contain any other separator. Cameras
    take credentials in the path as well (``/user=…&password=…``).
    """
    at = 0
    while (equals := text.find("=", at)) >= 0:
        name = _NAME.search(text, max(at, equals - _MAX_NAME_CHARS), equals)
        at = equals + 1
        if name is None:
            continue
        end = text.find("&", at)
        end = len(text) if end < 0 else end
        value = unquote(text[at:end])
        if _is_secret(name[0], also) or ("://" in value and "@" in value):
            yield at, end
            at = end


def _hide_values(text: str, also: Collection[str]) -> str:
    shown, done = "", 0
    for start, end in _values(text, also):
        shown += text[done:start] + HIDDEN
        done = end
    return shown + text[done:]


def _secrets(address: str, also: Collection[str]) -> Iterator[str]:
    """Yield the credentials of an address as written, decoded and fully encoded."""
    try:
        parts = Address.parse(address)
    except AddressError:
        return
    values = [parts.rest[start:end] for start, end in _values(parts.rest, also)]
    for written in (parts.user_info, *parts.user_info.split(":", 1), *values):
        yield from (written, unquote(written), quote(unquote(written), safe=""))
