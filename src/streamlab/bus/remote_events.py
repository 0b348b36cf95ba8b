"""Passes the events of a camera in a worker process on to its viewers' side."""

from __future__ import annotations

from collections.abc import Sequence

from streamlab.bus.carrier import Receive
from streamlab.bus.high_water import HighWater
from streamlab.camera.frame import SourceChanged
from streamlab.camera.producer import ProducerEvent, ReleaseBatch
from streamlab.core.channels import SourceState


class RemoteEvents:
    """Reports a camera that goes from one worker to the next as one reconnection."""

    def __init__(self, high_water: HighWater, receive: Receive) -> None:
        self.is_closed = False
        """True once no event is passed on any more."""
        self._high_water = high_water
        self._receive_events = receive
        self._is_reconnecting = False

    def receive(self, events: Sequence[ProducerEvent]) -> None:
        """Take events of a worker."""
        for event in events:
            if isinstance(event, ReleaseBatch):
                self._high_water.receive_release(event)
        shown = [event for event in events if not self._is_known(event)]
        if shown and not self.is_closed:
            self._receive_events(shown)

    def receive_loss(self, why: str, retry_at: float | None) -> None:
        """Report that the worker does not run the camera any more."""
        self._is_reconnecting = True
        if not self.is_closed:
            self._receive_events([SourceChanged(SourceState.RECONNECTING, why, retry_at)])

    def _is_known(self, event: ProducerEvent) -> bool:
        """Return True for the first news of the next worker: it opens the source."""
        if not self._is_reconnecting or not isinstance(event, SourceChanged):
            return False
        self._is_reconnecting = event.state is SourceState.CONNECTING and not event.detail
        return self._is_reconnecting
