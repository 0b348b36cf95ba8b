"""The events that a viewer is sent of one camera, in order, from ``connected`` to ``end``."""

from __future__ import annotations

from streamlab.core.events import ControlEvent, End
from streamlab.core.stream.connection import Connection, Delivered
from streamlab.protocol.sse import Form
from streamlab.viewers.fan_out import FanOut
from streamlab.viewers.running import RunningCamera


class Feed:
    """Reads one connection of one camera."""

    def __init__(
        self,
        running: RunningCamera,
        connection: Connection,
        hello: list[ControlEvent],
        max_lag: int,
        form: Form,
    ) -> None:
        self.over = False
        """True once ``end`` has been taken."""
        self.connection = connection
        self.form = form
        self._running = running
        self._hello = hello
        self._max_lag = max_lag

    @property
    def fan_out(self) -> FanOut:
        """The fan-out to the readers of the camera."""
        return self._running.fan_out

    def take(self) -> list[Delivered]:
        """Return the next events; ``end`` is the last one of all."""
        if self.over:
            return []
        running = self._running
        stream = running.stream
        events = self.connection.take(stream.rings, stream.inits, self._max_lag)
        if self._hello:
            events, self._hello = [*self._hello, *events], []
        if running.end_reason is not None:
            self.over = True
            events.append(End(running.end_reason))
        return events

    def encode(self, item: Delivered) -> bytes:
        """Encode an event in the form that the viewer asked for."""
        return self._running.encoder.encode(item, self.form)
