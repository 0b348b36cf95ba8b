"""Which channels of a camera only viewers with the right ``unredacted`` may be sent."""

from __future__ import annotations

from collections.abc import Iterable

from streamlab.clock import monotonic_ns
from streamlab.detect.render import redacts
from streamlab.errors import RedactedError
from streamlab.viewers.running import RunningCamera


def withheld_channels(camera: RunningCamera) -> frozenset[str]:
    """Return the channels without redaction of a camera that redacts; empty for any other."""
    annotators = camera.pipeline.annotators
    redacted = {name for name, each in annotators.items() if redacts(each.renderer)}
    return frozenset(camera.stream.controller.channels) - redacted if redacted else frozenset()


def check_channels(camera: RunningCamera, channels: Iterable[str], *, unredacted: bool) -> None:
    """Raise RedactedError if one of the channels needs the right, and the viewer lacks it."""
    if unredacted:
        return
    withheld = withheld_channels(camera).intersection(channels)
    if withheld:
        allowed = sorted(set(camera.stream.controller.channels) - withheld_channels(camera))
        raise RedactedError(
            f"camera '{camera.camera_id}' is redacted: {', '.join(sorted(withheld))} needs a token "
            "with the right to see it unredacted",
            hint=f"Without it: {', '.join(allowed)}. See unredacted_tokens in the settings.",
        )


def apply_redaction(camera: RunningCamera) -> None:
    """Stop sending what is withheld from now on, after a renderer was changed."""
    withheld, now_ns = withheld_channels(camera), monotonic_ns()
    for connection in list(camera.stream.connections.values()) if withheld else ():
        if not connection.unredacted:
            camera.stream.withdraw_channels(connection, withheld, now_ns)
