"""What one view of a camera in a notebook is sent: the kernel's side of a stream.

The events are those of the wire protocol, as their text; fragments are named there by ``url``,
and their bytes go beside the text as buffers, in the order of the events. One event more,
``frames``, tells up to five times a second what was measured and how the camera is run.

Until the view is heard, each batch with a keyframe repeats ``connected`` and the init segments:
what was sent before the page was ready is lost, and a page cannot ask while a cell runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from streamlab.clock import monotonic_ns
from streamlab.core.connection import Connection
from streamlab.core.fragment import Fragment
from streamlab.core.timebase import NS_PER_S
from streamlab.lab.credit import Credit, Ear
from streamlab.manager import Camera, ChannelSubscriptionManager
from streamlab.manager.decoded_snapshot import fragments_of
from streamlab.manager.history import FrameHistory

FIGURES_EVERY_S = 0.2
MAX_FIGURES = 2000
_CONNECTED, _INIT = b"event: connected\n", b"event: init\n"

Send = Callable[[int, str, list[bytes]], None]
"""Takes the number of a batch, the text of its events, and the bytes of its fragments."""


class ViewFeed:
    """Reads one connection for one view, as far as the view keeps up. Lives in the lab's loop."""

    def __init__(
        self,
        camera: Camera,
        subscriptions: ChannelSubscriptionManager,
        connection: Connection,
        history: FrameHistory,
        ear: Ear,
        send: Send,
    ) -> None:
        self.camera = camera
        self.connection = connection
        self.credit = Credit(monotonic_ns())
        self.closed = False
        self.send = send
        self._history = history
        self._ear = ear
        self._hello: dict[bytes, bytes] = {}
        self._figures_ns = 0
        self._pairs = 0  # what is known already comes first
        self._reader = subscriptions.read([(camera, connection)])
        self._reader.listen(self.flush)

    def receive_ack(self, number: int) -> None:
        """Take that the view has got the batches up to ``number``."""
        self.credit.receive_ack(number, monotonic_ns())
        self.flush()

    def flush(self) -> None:
        """Send what there is, if the view keeps up; else it falls behind, and gets a gap."""
        if self.closed or not self.credit.may_send(self._ear.listened_ns()):
            return
        events, now_ns = self._reader.take(), monotonic_ns()
        fragments = fragments_of(events, self.camera.stream)
        if not self.credit.heard:
            events = self._with_hello(events, fragments)
        news = events or self._pairs < self._history.pair_count
        if news and now_ns - self._figures_ns > FIGURES_EVERY_S * NS_PER_S:
            self._figures_ns = now_ns
            events.append(self._figures())
        if not events:
            return
        text = b"".join(events).decode()
        buffers = [fragment.data for fragment in fragments]
        number = self.credit.send(len(text) + sum(map(len, buffers)), now_ns)
        self.send(number, text, buffers)

    def close(self) -> None:
        """End the connection; nothing is sent any more."""
        if not self.closed:
            self.closed = True
            self._reader.close()

    def close_if_gone(self) -> None:
        """End the connection when the view has said nothing for too long; else go on."""
        if self.credit.is_gone(self._ear.listened_ns()):
            self.close()
        else:
            self.flush()

    def _with_hello(self, events: list[bytes], fragments: list[Fragment]) -> list[bytes]:
        """Put the newest ``connected`` and ``init`` of each channel before a keyframe."""
        hello = {_key(event): event for event in events if event.startswith((_CONNECTED, _INIT))}
        self._hello |= hello
        if not any(fragment.keyframe for fragment in fragments):
            return events
        return [event for key, event in self._hello.items() if key not in hello] + events

    def _figures(self) -> bytes:
        camera, controller = self.camera, self.camera.stream.controller
        pairs = self._history.pairs_after(self._pairs)[-MAX_FIGURES:]
        self._pairs = self._history.pair_count
        figures = {
            "pts": [pair.pts for pair in pairs],
            "drift_ms": [round(pair.drift_ms or 0.0, 2) for pair in pairs],
            "sync_tolerance_ms": controller.meter.tolerance_ms,
            "sync_policy": controller.control.policy,
            "faults": camera.pipeline.faults.describe(),
            "errors": camera.pipeline.errors,
            "detector": camera.pipeline.service.detector.name,
        }
        return f"event: frames\ndata: {json.dumps(figures)}\n\n".encode()


def _key(event: bytes) -> bytes:
    """Return what an event is the newest of: its name, and for an init its channel."""
    if event.startswith(_CONNECTED):
        return _CONNECTED
    channel: str = json.loads(event.split(b"\n", 2)[1].removeprefix(b"data: "))["channel"]
    return _INIT + channel.encode()
