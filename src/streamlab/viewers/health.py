"""Reports the health of a camera's channels to its viewers (docs/protocol.md, *Health*)."""

from __future__ import annotations

from collections.abc import Iterable

from streamlab.core.events import Health
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.events import SwitchDone
from streamlab.viewers.channel_health import (
    CameraParts,
    ChannelStates,
    channel_health,
    channel_states,
    describe,
)


class HealthReporter:
    """Sends ``health`` to the viewers of a channel whose state has changed."""

    def __init__(self, camera: CameraParts) -> None:
        self._camera = camera
        self._states: dict[str, ChannelStates] = {}
        self._events: dict[str, Health] = {}  # since the last check

    def check(self) -> None:
        """Check all channels for a change of state; fast enough for every timer."""
        self._events.clear()
        camera, connections = self._camera, self._camera.stream.connections
        for channel in camera.stream.controller.channels:
            states = channel_states(camera, channel)
            before = self._states.get(channel, states)
            self._states[channel] = states
            if before == states:
                continue
            for connection in connections.values():
                connection.post_health(channel, self.event(channel))
            if connections:
                camera.fan_out.notify_all()
            if before._replace(sync=states.sync) != states:  # that has an event of its own
                described = describe(channel_health(camera, channel))
                camera.events.add("health", camera.camera_id, described)

    def event(self, channel: str) -> Health:
        """Return the ``health`` event of a channel, as of the last check."""
        if channel not in self._events:
            health = channel_health(self._camera, channel)
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
