"""Which channels of a camera a viewer may be sent: those it has a right to, redacted if need be."""

from __future__ import annotations

from collections.abc import Iterable

from streamlab.clock import monotonic_ns
from streamlab.core.access import CameraAccess
from streamlab.core.channels import RAW
from streamlab.errors import NotAllowedError, RedactedError
from streamlab.viewers.running import RunningCamera

DETECTIONS = "detections"
"""What ``subscribe`` calls the detections of all annotated channels that a viewer may be sent."""


def withheld_channels(camera: RunningCamera) -> frozenset[str]:
    """Return the channels without redaction of a camera that redacts; empty for any other."""
    redacted = camera.producer.status.redacted
    return frozenset(camera.producer.status.channels) - redacted if redacted else redacted


def watched_channels(camera: RunningCamera, access: CameraAccess) -> tuple[str, ...]:
    """Return the channels that a viewer may know of, raw first."""
    return tuple(filter(access.watches, camera.producer.status.channels))


def check_channels(camera: RunningCamera, channels: Iterable[str], access: CameraAccess) -> None:
    """Check that a viewer may be sent channels; they need not exist.

    Raises NotAllowedError if one is kept from it, whether it exists or not, and RedactedError if
    one is not redacted, the camera redacts, and the viewer has no right to that.
    """
    asked, watched = set(channels), watched_channels(camera, access)
    if DETECTIONS in asked and any(name != RAW for name in watched):
        asked.discard(DETECTIONS)
    if not all(map(access.watches, asked)):
        raise NotAllowedError(
            f"this token may not see all of these channels of camera '{camera.camera_id}'",
            hint=f"It may see: {', '.join(watched) or 'none that the camera has'}.",
        )
    withheld = {name for name in withheld_channels(camera) if not access.watches_unredacted(name)}
    if withheld & asked:
        allowed = sorted(set(watched) - withheld)
        raise RedactedError(
            f"camera '{camera.camera_id}' is redacted: {', '.join(sorted(withheld & asked))} needs "
            "a token with the right to see it unredacted",
            hint=f"Without it: {', '.join(allowed)}. See unredacted_tokens in the settings.",
        )


def apply_redaction(camera: RunningCamera) -> None:
    """Stop sending what is withheld from now on, after a renderer was changed."""
    withheld, now_ns = withheld_channels(camera), monotonic_ns()
    for connection in list(camera.stream.connections.values()) if withheld else ():
        of_viewer = {x for x in withheld if not connection.access.watches_unredacted(x)}
        if of_viewer:
            camera.stream.withdraw_channels(connection, of_viewer, now_ns)
