"""Translates FFmpeg's errors on opening or reading a source into texts without credentials.

FFmpeg has error types for the statuses 400, 401, 403, 404 and 429, and only logs any other. To
find out which one it was, an HTTP server is asked once more; for RTSP the log is parsed, if there
is one.
"""

from __future__ import annotations

import errno
import re
import socket
from contextlib import closing

import av
from av.error import FFmpegError

from streamlab.errors import (
    SourceError,
    SourceFormatError,
    SourceNotFoundError,
    SourceUnreachableError,
)
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.media.status_errors import CHECK_CAMERA, refusal, unreachable

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
_RTSP_FAILURE = re.compile(r"method [A-Z_]+ failed: ([1-5][0-9]{2})\b")


def source_error(error: FFmpegError | OSError, spec: SourceSpec) -> SourceError:
    """Return the SourceError for an error that FFmpeg raised about a source."""
    what = spec.display
    status = _status(error, spec)
    if status is not None:
        return refusal(spec, status)
    if isinstance(error, FileNotFoundError):
        return SourceNotFoundError(f"{what} does not exist", hint=_hint_for_missing(spec))
    if isinstance(error, PermissionError):
        return SourceUnreachableError(f"{what} denied access", hint="Check the permissions.")
    why = spec.scrub(_reason(error, spec))
    if spec.kind is SourceKind.FILE or isinstance(error, av.error.InvalidDataError):
        return SourceFormatError(
            f"cannot read {what} as a video: {why}",
            hint="It may be truncated, or not a video.",
        )
    return unreachable(spec, why, _hint(error, spec))


def _hint(error: FFmpegError | OSError, spec: SourceSpec) -> str:
    if spec.kind is SourceKind.RTSP and error.errno == errno.EPROTONOSUPPORT:
        return f"It refuses RTP over {spec.rtsp_transport.upper()}: set rtsp_transport to auto."
    if spec.kind is SourceKind.UDP:
        return "Check that the sender is switched on and sends to this address and port."
    return CHECK_CAMERA


def no_picture(spec: SourceSpec, timeout_s: float) -> SourceError:
    """Return the error for a source that gave no frame in time, whether it answered or not."""
    return SourceUnreachableError(
        f"{spec.display} gave no picture within {timeout_s:g} s",
        hint="Check that the camera sends video; a slow one may need a longer open_timeout, or "
        "for `streamlab probe` a longer --timeout.",
    )


def _hint_for_missing(spec: SourceSpec) -> str:
    options = " Options behind a name are #once and #video=N." if "#" in spec.address else ""
    return f"Check the name for typos.{options}"


def _status(error: Exception, spec: SourceSpec) -> int | str | None:
    """Return the status that the server answered with, or None if that was not the error."""
    if type(error) in _STATUSES:
        return _STATUSES[type(error)]
    if type(error) not in _UNKNOWN:
        return None
    if spec.kind is SourceKind.HTTP:
        from streamlab.media.http_get import HttpGet  # noqa: PLC0415

        with closing(HttpGet(spec, STATUS_TIMEOUT_S)) as http:
            return http.ask_refusal() or _UNKNOWN[type(error)]
    found = _RTSP_FAILURE.search(str(getattr(error, "log", None) or ""))
    return int(found[1]) if found else _UNKNOWN[type(error)]


def _is_known(spec: SourceSpec) -> bool:
    """Return True if the host name resolves; FFmpeg reports a failure as an I/O error."""
    try:
        return bool(socket.getaddrinfo(spec.hostname, None))
    except (OSError, UnicodeError):
        return False


def _reason(error: Exception, spec: SourceSpec) -> str:
    if isinstance(error, av.error.ExitError):
        return "no answer in time"
    if getattr(error, "errno", None) == errno.EIO and spec.hostname and not _is_known(spec):
        return "the host name is not known"
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
