"""The errors of a client, and their mapping from HTTP answers and transport failures.

A problem document (RFC 9457) becomes the error that the server itself raised, by the name in its
``type``: an unknown camera is an ``UnknownCameraError`` on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import httpx

from streamlab import errors
from streamlab.clock import wall_s
from streamlab.credentials import redacted, scrub
from streamlab.errors import StreamlabError
from streamlab.protocol.parse import ProtocolError
from streamlab.protocol.plain_json import parse_json

MAX_RETRY_AFTER_S = 1e10  # finite; how long to go on trying is for ``Reconnect`` to say
_MAX_HEADER_CHARS = 64
PROBLEM_TYPE = "urn:streamlab:problem:"


class ServerUnreachableError(StreamlabError, ConnectionError):
    """No server answers at the address, or it stopped answering."""


class NotAuthorizedError(StreamlabError, PermissionError):
    """The server requires a token, or rejects the one given (401, 403)."""


class RefusedError(StreamlabError, RuntimeError):
    """The server refused the request for a reason that no other error class covers."""


class TryLaterError(StreamlabError):
    """The server asks to retry later (429, 5xx). ``problem`` is the error that it answered with."""

    def __init__(self, status: int, problem: StreamlabError, retry_after_s: float) -> None:
        super().__init__(problem.message, hint=problem.hint)
        self.status = status
        self.problem = problem
        self.retry_after_s = retry_after_s


def problem_of(response: httpx.Response) -> StreamlabError:
    """Return the error for an answer other than 2xx, whose body must have been read."""
    document = _document(response)
    kind = _KINDS.get(str(document.get("type", "")), _by_status(response.status_code))
    path = response.request.url.path
    detail = document.get("detail") or f"{path}: {response.status_code} {response.reason_phrase}"
    return kind(str(detail), hint=str(document.get("hint", "")))


def retry_after_s(response: httpx.Response) -> float:
    """Return the wait that ``Retry-After`` asks for, in seconds; 0 if absent or invalid.

    At most ``MAX_RETRY_AFTER_S``. The header is a number of seconds or a date (RFC 9110, 10.2.3).
    """
    value = response.headers.get("retry-after", "").strip()
    try:
        if len(value) > _MAX_HEADER_CHARS:
            return 0.0
        if value.isdecimal():
            return min(float(value), MAX_RETRY_AFTER_S)
        wait_s = parsedate_to_datetime(value).timestamp() - wall_s()
        return max(0.0, min(wait_s, MAX_RETRY_AFTER_S))
    except (ValueError, OverflowError):
        return 0.0


def unreachable(error: httpx.TransportError) -> ServerUnreachableError:
    """Return a ServerUnreachableError for a transport failure, without httpx's terms."""
    url = error.request.url
    address = redacted(f"{url.scheme}://{url.netloc.decode()}")
    reason = scrub(str(error)) or type(error).__name__
    return ServerUnreachableError(
        f"{address} does not answer: {reason}",
        hint="Is the server running, and is this its address?",
    )


def _document(response: httpx.Response) -> dict[str, object]:
    if "json" not in response.headers.get("content-type", ""):
        return {}
    try:
        document = parse_json(response.content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _by_status(status: int) -> type[StreamlabError]:
    if status in (401, 403):
        return NotAuthorizedError
    return {
        404: ProtocolError,  # a streamlab server names what is not found
        410: errors.NoLongerHeldError,
        422: errors.InvalidRequestError,
        429: errors.LimitError,
    }.get(status, RefusedError)


def _kinds() -> Iterator[tuple[str, type[StreamlabError]]]:
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, StreamlabError):
            words = re.sub(r"(?<!^)([A-Z])", r"-\1", name.removesuffix("Error"))
            yield PROBLEM_TYPE + words.lower(), kind


_KINDS = dict(_kinds())
