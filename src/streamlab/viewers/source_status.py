"""How the source of a camera is: what readers of it have said, and what time alone tells."""

from __future__ import annotations

from streamlab.camera import SourceChanged
from streamlab.core.channels import SourceState
from streamlab.core.events import SourceStateChanged

OVER = (SourceState.ENDED, SourceState.FAILED)
# Viewers know four states.
_TOLD = {SourceState.CONNECTING: SourceState.RECONNECTING, SourceState.FAILED: SourceState.ENDED}


class SourceStatus:
    """The state of one source, in the words of the wire protocol (*Health*)."""

    def __init__(self, *, is_open: bool) -> None:
        self.state = SourceState.LIVE if is_open else SourceState.CONNECTING
        self.detail = ""
        self.retry_at: float | None = None
        """When a source that is not open is tried again, Unix seconds."""
        self.has_been_live = is_open
        self.has_been_tried = is_open
        """Whether its first opening is over, well or not."""

    @property
    def is_over(self) -> bool:
        """Whether it will not be tried again."""
        return self.state in OVER

    def receive_change(self, change: SourceChanged) -> bool:
        """Take what a reader says; return whether viewers are to be told."""
        before = self.state, self.detail
        self.state, self.detail, self.retry_at = change.state, change.detail, change.retry_at
        self.has_been_live |= change.state is SourceState.LIVE
        self.has_been_tried |= self.has_been_live or bool(change.detail)
        return before != (self.state, self.detail)

    def receive_check(self, change: SourceChanged | None) -> bool:
        """Take what time tells; return whether viewers are to be told.

        A source stalls only while it is live: what its reader has said since counts for more.
        """
        if change is None or change.state is self.state:
            return False
        if change.state is SourceState.STALLED and self.state is not SourceState.LIVE:
            return False
        if change.state is SourceState.LIVE and self.state is not SourceState.STALLED:
            return False
        return self.receive_change(change)

    def event(self) -> SourceStateChanged:
        """Return the event that tells viewers."""
        return SourceStateChanged(_TOLD.get(self.state, self.state), self.detail)
