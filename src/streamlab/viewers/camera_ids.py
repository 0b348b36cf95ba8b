"""Which ids a new camera may have, and the errors that name an id."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from streamlab.credentials import redacted
from streamlab.errors import (
    CameraExistsError,
    InvalidRequestError,
    LimitError,
    UnknownCameraError,
)
from streamlab.settings import is_camera_id

MAX_SHOWN_CHARS = 128


def check_new(
    camera_id: str, running: Collection[str], opening: Collection[str], max_cameras: int
) -> None:
    """Check that a camera with this id may be added.

    Raises InvalidRequestError if the id is not valid, CameraExistsError if it is taken, and
    LimitError if there are ``max_cameras`` already.
    """
    if not is_camera_id(camera_id):
        raise InvalidRequestError(
            "this is not a valid camera id",
            hint="Use letters, digits, '-', '_' and '.', starting with a letter or digit.",
        )
    if camera_id in running or camera_id in opening:
        raise CameraExistsError(
            f"camera '{camera_id}' already exists"
            + (" and is being opened" if camera_id in opening else ""),
            hint="Choose another id, or remove that camera.",
        )
    if len({*running, *opening}) >= max_cameras:
        raise LimitError(
            f"there are already {max_cameras} cameras",
            hint="Remove one, or raise max_cameras.",
        )


def unknown_camera(camera_id: str, known: Iterable[str]) -> UnknownCameraError:
    """Return the error that there is no such camera; it lists the ``known`` ids."""
    names = ", ".join(known) or "none yet"
    return UnknownCameraError(
        f"there is no camera '{_shown(camera_id)}'", hint=f"Known cameras: {names}."
    )


def _shown(camera_id: str) -> str:
    """Shorten and redact an id for display: it may be a source in the wrong field."""
    return redacted(camera_id[:MAX_SHOWN_CHARS])
