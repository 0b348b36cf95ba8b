"""The kernel side of one view's stream in a notebook.

The events are those of the wire protocol, as text. They reference fragments by ``url``, and the
fragments' bytes travel beside the text as buffers, in the order of the events. An additional event,
``frames``, reports new measurements and the camera's settings up to five times a second.

Until the view acknowledges a batch, each batch with a keyframe repeats ``connected`` and the init
segments: whatever was sent before the page was ready is lost, and a page cannot request it while a
cell runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from streamlab.clock import monotonic_ns
from streamlab.core.events import Connected
from streamlab.core.stream.connection import Configuration, Connection, Delivered, Delivery
from streamlab.core.time.timebase import NS_PER_S
from streamlab.lab.credit import Credit, KernelListener
from streamlab.protocol.health import CameraHealth
from streamlab.viewers import Camera, ChannelSubscriptionManager
from streamlab.viewers.feed import Feed
from streamlab.viewers.history import FrameHistory

FIGURES_EVERY_S = 0.2
MAX_FIGURES = 2000

Items = list[tuple[Feed, Delivered]]
Send = Callable[[int, str, list[bytes]], None]
"""Sends a batch: its number, the text of its events, and the bytes of its fragments."""


class ViewFeed:
    """Sends one connection's events to one view, as far as it keeps up. Use in the lab's loop."""

    def __init__(
        self,
        camera: Camera,
        subscriptions: ChannelSubscriptionManager,
        connection: Connection,
        history: FrameHistory,
        listener: KernelListener,
        send: Send,
    ) -> None:
        self.camera = camera
        self.connection = connection
        self.credit = Credit(monotonic_ns())
        self.closed = False
        self.send = send
        self._history = history
        self._ear = listener
        self._hello: dict[str, bytes] = {}
        self._figures_ns = 0
        self._told: tuple[str, ...] = ()
        self._pairs = 0  # so pairs that are known already are sent first
        self._reader = subscriptions.read([(camera, connection)], by_url=True)
        self._reader.listen(self.flush)

    def receive_ack(self, number: int) -> None:
        """Record that the view has received the batches up to ``number``."""
        self.credit.receive_ack(number, monotonic_ns())
        self.flush()

    def flush(self) -> None:
        """Send pending events if the view keeps up; a view that falls behind gets a ``gap``."""
        if self.closed or not self.credit.may_send(self._ear.listened_ns()):
            return
        items, now_ns = self._reader.take_items(), monotonic_ns()
        fragments = [item.entry.fragment for _, item in items if isinstance(item, Delivery)]
        events = [feed.encode(item) for feed, item in items]
        if not self.credit.heard:
            hello = self._update_hello(items, events)
            if any(fragment.keyframe for fragment in fragments):
                events = hello + events
        if now_ns - self._figures_ns > FIGURES_EVERY_S * NS_PER_S:
            health = self.camera.status().health
            if events or self._pairs < self._history.pair_count or health.problems != self._told:
                self._figures_ns, self._told = now_ns, health.problems
                events.append(self._figures(health))
        if not events:
            return
        text = b"".join(events).decode()
        buffers = [fragment.data for fragment in fragments]
        number = self.credit.send(len(text) + sum(map(len, buffers)), now_ns)
        self.send(number, text, buffers)

    def close(self) -> None:
        """Close the connection; nothing is sent after that."""
        if not self.closed:
            self.closed = True
            self._reader.close()

    def close_if_gone(self) -> None:
        """Close the connection if it has ended or the view is silent; otherwise flush."""
        if self._reader.over or self.credit.is_gone(self._ear.listened_ns()):
            self.close()
        else:
            self.flush()

    def _update_hello(self, items: Items, events: list[bytes]) -> list[bytes]:
        """Store the newest ``connected`` and ``init`` events; return those this batch lacks."""
        keys = [_key(item) for _, item in items]
        fresh = {key: event for key, event in zip(keys, events, strict=True) if key is not None}
        before = [event for key, event in self._hello.items() if key not in fresh]
        self._hello |= fresh
        return before

    def _figures(self, health: CameraHealth) -> bytes:
        camera, sync = self.camera, self.camera.sync_settings
        pairs = self._history.pairs_after(self._pairs)[-MAX_FIGURES:]
        self._pairs = self._history.pair_count
        figures = {
            "pts": [pair.pts for pair in pairs],
            "drift_ms": [round(pair.drift_ms or 0.0, 2) for pair in pairs],
            "sync_tolerance_ms": sync.tolerance_ms,
            "sync_policy": sync.policy,
            "faults": camera.faults.describe(),
            "source": {
                "state": health.state,
                "detail": health.detail,
                "retry_at": health.retry_at,
                "channels": [channel.members() for channel in health.channels],
            },
            "detector": camera.detector().name,
        }
        return f"event: frames\ndata: {json.dumps(figures)}\n\n".encode()


def _key(item: Delivered) -> str | None:
    """Return the key that stores an event for a page that opens late, or None if it needs none."""
    if isinstance(item, Connected):
        return item.name
    return item.key.channel if isinstance(item, Configuration) else None
