"""Passes the events of a camera in a worker process on to its viewers' side."""

from __future__ import annotations

from collections.abc import Sequence

from streamlab.bus.carrier import Receive
from streamlab.bus.high_water import HighWater
from streamlab.camera.frame import SourceChanged
from streamlab.camera.producer import ProducerEvent, ReleaseBatch
from streamlab.core.channels import SourceState


class RemoteEvents:
    """Passes events on and notes how far the camera has come; one camera, on any worker."""

    def __init__(self, high_water: HighWater, receive: Receive) -> None:
        self.is_closed = False
        """True once no event is passed on any more."""
        self._high_water = high_water
        self._receive_events = receive

    def receive(self, events: Sequence[ProducerEvent]) -> None:
        """Take events of a worker."""
        for event in events:
            if isinstance(event, ReleaseBatch):
                self._high_water.receive_release(event)
        if not self.is_closed:
            self._receive_events(events)

    def receive_loss(self, why: str, retry_at: float | None) -> None:
        """Report that the worker does not run the camera any more."""
        if not self.is_closed:
            self._receive_events([SourceChanged(SourceState.RECONNECTING, why, retry_at)])
