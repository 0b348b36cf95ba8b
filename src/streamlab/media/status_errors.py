"""Errors for cameras that are unreachable or answer with a status of 400 or above (HTTP, RTSP)."""

from __future__ import annotations

from http import HTTPStatus

from streamlab.errors import SourceError, SourceNotFoundError, SourceUnreachableError
from streamlab.media.spec import SourceSpec

CHECK_CAMERA = "Check that the camera is switched on and that the address and port are correct."
_HINTS: dict[int | str, str] = {
    401: "Check user name and password.",
    403: "The camera accepted the user, but not the request: check the rights of that user.",
    404: "Check the path after the host.",
    429: "Too many requests: ask less often, or with fewer viewers.",
    451: "The operator of the server is not allowed to show it.",
}


def unreachable(spec: SourceSpec, why: str, hint: str = CHECK_CAMERA) -> SourceError:
    """Return the error for a source that does not answer; ``why`` must hold no credentials."""
    return SourceUnreachableError(f"{spec.display} cannot be reached: {why}", hint=hint)


def refusal(spec: SourceSpec, status: int | str) -> SourceError:
    """Return the error for a status, or for ``4xx`` or ``5xx`` if only the class is known."""
    kind = SourceNotFoundError if status == HTTPStatus.NOT_FOUND else SourceUnreachableError
    words = _in_words(status) if isinstance(status, int) else f"it answers {status}"
    hint = _HINTS.get(status, "The log of the camera may tell you more.")
    return kind(f"cannot open {spec.display}: {words}", hint=hint)


def _in_words(number: int) -> str:
    try:
        return f"{number} {HTTPStatus(number).phrase}"
    except ValueError:
        return str(number)
