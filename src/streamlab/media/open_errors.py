"""What it means when FFmpeg cannot open or read a source, in words that hold no credentials.

FFmpeg has a kind of error for 400, 401, 403, 404 and 429; any other status it only logs. Over HTTP
the server is asked once more for those; over RTSP the log is read, where there is one.
"""

from __future__ import annotations

import errno
import http.client
import re
import ssl
from base64 import b64encode
from http import HTTPStatus
from urllib.parse import unquote

import av
from av.error import FFmpegError

from streamlab.address import Address
from streamlab.errors import (
    SourceError,
    SourceFormatError,
    SourceNotFoundError,
    SourceUnreachableError,
)
from streamlab.media.spec import SourceKind, SourceSpec

STATUS_TIMEOUT_S = 3.0
_STATUSES: dict[type[Exception], int] = {
    av.error.HTTPBadRequestError: 400,
    av.error.HTTPUnauthorizedError: 401,
    av.error.HTTPForbiddenError: 403,
    av.error.HTTPNotFoundError: 404,
    av.error.HTTPTooManyRequestsError: 429,
}
_UNKNOWN: dict[type[Exception], str] = {
    av.error.HTTPOtherClientError: "4xx",
    av.error.HTTPServerError: "5xx",
}
_HINTS = {
    "401": "Check user name and password.",
    "403": "The camera accepted the user, but not the request: check the rights of that user.",
    "404": "Check the path after the host.",
    "429": "Too many requests: ask less often, or with fewer viewers.",
    "451": "The operator of the server is not allowed to show it.",
}
_RTSP_FAILURE = re.compile(r"method [A-Z_]+ failed: ([1-5][0-9]{2})\b")


def source_error(error: FFmpegError | OSError, spec: SourceSpec) -> SourceError:
    """Return the error of ours for what FFmpeg raised about a source."""
    what = spec.display
    answer = _answer(error, spec)
    if answer:
        return _refusal(spec, answer)
    if isinstance(error, FileNotFoundError):
        return SourceNotFoundError(f"{what} does not exist", hint=_hint_for_missing(spec))
    if isinstance(error, PermissionError):
        return SourceUnreachableError(f"{what} denied access", hint="Check the permissions.")
    why = spec.scrub(_reason(error))
    if spec.kind is SourceKind.FILE or isinstance(error, av.error.InvalidDataError):
        return SourceFormatError(
            f"cannot read {what} as a video: {why}",
            hint="It may be truncated, or not a video.",
        )
    return SourceUnreachableError(f"{what} cannot be reached: {why}", hint=_hint(error, spec))


def _hint(error: FFmpegError | OSError, spec: SourceSpec) -> str:
    if spec.kind is SourceKind.RTSP and error.errno == errno.EPROTONOSUPPORT:
        return f"It refuses RTP over {spec.rtsp_transport.upper()}: set rtsp_transport to auto."
    if spec.kind is SourceKind.UDP:
        return "Check that the sender is switched on and sends to this address and port."
    return "Check that the camera is switched on and that the address and port are correct."


def refusal(spec: SourceSpec, status: int) -> SourceError:
    """Return the error of ours for an HTTP status of 400 and above."""
    return _refusal(spec, _in_words(status))


def _refusal(spec: SourceSpec, answer: str) -> SourceError:
    kind = SourceNotFoundError if answer.startswith("404") else SourceUnreachableError
    hint = _HINTS.get(answer[:3], "The log of the camera may tell you more.")
    return kind(f"cannot open {spec.display}: {answer}", hint=hint)


def _hint_for_missing(spec: SourceSpec) -> str:
    options = " Options behind a name are #once and #video=N." if "#" in spec.address else ""
    return f"Check the name for typos.{options}"


def _answer(error: Exception, spec: SourceSpec) -> str:
    """Return what the server answered, such as ``403 Forbidden``; '' when that is not it."""
    if type(error) in _STATUSES:
        return _in_words(_STATUSES[type(error)])
    if type(error) not in _UNKNOWN:
        return ""
    found = _RTSP_FAILURE.search(str(getattr(error, "log", None) or ""))
    number = int(found[1]) if found and spec.kind is SourceKind.RTSP else None
    if spec.kind is SourceKind.HTTP:
        number = _ask_for_status(spec.address)
    return _in_words(number) if number else f"it answers {_UNKNOWN[type(error)]}"


def _in_words(number: int) -> str:
    try:
        return f"{number} {HTTPStatus(number).phrase}"
    except ValueError:
        return str(number)


def _ask_for_status(address: str) -> int | None:
    """Return the status that an HTTP server answers, None when it refuses no more."""
    parts = Address.parse(address)
    headers = {}
    if parts.user_info:
        credentials = unquote(parts.user_info).encode()
        headers["Authorization"] = f"Basic {b64encode(credentials).decode()}"
    connection = _connection(parts)
    path = parts.rest.partition("#")[0]
    try:
        connection.request("GET", path if path.startswith("/") else f"/{path}", headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return status if status >= HTTPStatus.BAD_REQUEST else None


def _connection(address: Address) -> http.client.HTTPConnection:
    if address.scheme != "https":
        return http.client.HTTPConnection(address.host, timeout=STATUS_TIMEOUT_S)
    # Not verified, as FFmpeg does by default: cameras sign their certificates themselves.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(address.host, timeout=STATUS_TIMEOUT_S, context=context)


def _reason(error: Exception) -> str:
    if isinstance(error, av.error.ExitError):
        return "no answer in time"
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
