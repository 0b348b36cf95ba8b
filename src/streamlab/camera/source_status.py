"""The state of a camera's source, as reported by its readers and by periodic checks."""

from __future__ import annotations

from streamlab.camera.frame import SourceChanged
from streamlab.core.channels import SourceState
from streamlab.core.events import SourceStateChanged
from streamlab.protocol.health import CameraHealth

OVER = (SourceState.ENDED, SourceState.FAILED)
# The ``source`` event has four states.
_TOLD = {SourceState.CONNECTING: SourceState.RECONNECTING, SourceState.FAILED: SourceState.ENDED}


class SourceStatus:
    """The state of one source, as the wire protocol defines it (docs/protocol.md, *Health*)."""

    def __init__(self, *, is_open: bool) -> None:
        self.state = SourceState.LIVE if is_open else SourceState.CONNECTING
        self.detail = ""
        self.retry_at: float | None = None
        """Unix time in seconds of the next attempt to open the source; None if none is due."""
        self.has_been_live = is_open
        self.has_been_tried = is_open
        """True once the first attempt to open it is over, successful or not."""

    @property
    def is_over(self) -> bool:
        """True if the source will not be tried again."""
        return self.state in OVER

    @property
    def problem(self) -> str:
        """What is wrong with it, in words; empty while it is live."""
        return CameraHealth(self.state, self.detail, self.retry_at).source_problem

    def receive_change(self, change: SourceChanged) -> bool:
        """Record a report of a reader. Returns True if viewers should be notified.

        A reader in a new process does not know that the source has been open before, nor why it is
        not open now.
        """
        if change.state is SourceState.CONNECTING and self.has_been_live:
            detail = change.detail or self.detail
            change = SourceChanged(SourceState.RECONNECTING, detail, change.retry_at)
        before = self.state, self.detail
        self.state, self.detail, self.retry_at = change.state, change.detail, change.retry_at
        self.has_been_live |= change.state is SourceState.LIVE
        self.has_been_tried |= self.has_been_live or bool(change.detail)
        return before != (self.state, self.detail)

    def receive_check(self, change: SourceChanged | None) -> bool:
        """Record the result of a periodic check. Returns True if viewers should be notified.

        A source stalls only while it is live: a newer report of its reader takes precedence.
        """
        if change is None or change.state is self.state:
            return False
        if change.state is SourceState.STALLED and self.state is not SourceState.LIVE:
            return False
        if change.state is SourceState.LIVE and self.state is not SourceState.STALLED:
            return False
        return self.receive_change(change)

    def event(self) -> SourceStateChanged:
        """Return the event that reports the state to viewers."""
        return SourceStateChanged(_TOLD.get(self.state, self.state), self.detail)
