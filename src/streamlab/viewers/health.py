"""Reports the health of a camera's channels to its viewers (docs/protocol.md, *Health*)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from streamlab.bus.carrier import Producer
from streamlab.clock import monotonic_ns
from streamlab.core.channels import SyncState
from streamlab.core.events import Health
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.dual_channel import DualChannelStream
from streamlab.core.stream.events import SwitchDone
from streamlab.core.time.timebase import NS_PER_MS
from streamlab.protocol.health import ChannelHealth
from streamlab.viewers.event_log import EventLog
from streamlab.viewers.fan_out import FanOut

CACHED_NS = 250 * NS_PER_MS


class CameraParts(Protocol):
    """The parts of a camera that health is reported of, and to."""

    camera_id: str
    producer: Producer
    stream: DualChannelStream
    fan_out: FanOut
    events: EventLog


class HealthReporter:
    """Sends ``health`` to the viewers of a channel whose state has changed."""

    def __init__(self, camera: CameraParts) -> None:
        self._camera = camera
        self._events: dict[str, Health] = {}  # for all who join within CACHED_NS
        self._events_ns = 0
        self._said: frozenset[tuple[str, str]] = frozenset()  # in the event log: what is wrong

    def receive_change(self, changed: Sequence[str]) -> None:
        """Report these channels to their viewers, and what is wrong now to the event log."""
        self._events.clear()
        camera, connections = self._camera, self._camera.stream.connections
        for channel in changed if connections else ():
            event = self.event(channel)
            for connection in connections.values():
                connection.post_health(channel, event)
        if changed and connections:
            camera.fan_out.notify_all()
        status = camera.producer.status
        self._log([status.channel_health(channel) for channel in status.channels])

    def _log(self, channels: Sequence[ChannelHealth]) -> None:
        """Add what is wrong with the channels to the event log, if that has changed."""
        problems = {each.name: _without_sync_state(each).problems for each in channels}
        said = {(name, part) for name, parts in problems.items() for part in parts}
        said |= {(each.name, f"{part} fails") for each in channels for part in each.failing}
        if self._said != said:
            self._said = frozenset(said)
            sentences = dict.fromkeys(text for each in problems.values() for text in each.values())
            text = " ".join(sentences) or "All channels are well."
            of_channels = {name: " ".join(parts.values()) for name, parts in problems.items()}
            self._camera.events.add(
                "health", self._camera.camera_id, text, of_channels if sentences else {}
            )

    def event(self, channel: str) -> Health:
        """Return the ``health`` event of a channel; its figures may be ``CACHED_NS`` old."""
        now_ns = monotonic_ns()
        if now_ns - self._events_ns > CACHED_NS:
            self._events.clear()
            self._events_ns = now_ns
        if channel not in self._events:
            health = self._camera.producer.status.channel_health(channel)
            self._events[channel] = Health(channel, health.members())
        return self._events[channel]

    def post(self, connection: Connection, channels: Iterable[str]) -> None:
        """Queue ``health`` for the channels that a viewer gets from now on."""
        for channel in channels:
            connection.post_health(channel, self.event(channel))

    def receive_switch(self, done: SwitchDone) -> None:
        """Queue ``health`` for the channels that a switch has added."""
        connection = self._camera.stream.connections.get(done.connection_id)
        if connection is not None:
            before = done.previous_channel.channels
            self.post(connection, [each for each in done.channel.channels if each not in before])


def _without_sync_state(health: ChannelHealth) -> ChannelHealth:
    """Leave out what the event log has an event of its own for."""
    sync = health.sync and replace(health.sync, state=SyncState.SYNCHRONIZED)
    return replace(health, sync=sync)
