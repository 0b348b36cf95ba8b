"""Tells the viewers of a camera how its channels are, in the words of the protocol (*Health*)."""

from __future__ import annotations

from collections.abc import Iterable

from streamlab.core.events import Health
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.events import SwitchDone
from streamlab.viewers.channel_health import CameraParts, channel_health, channel_states


class HealthReporter:
    """Sends ``health`` to those who are sent a channel whose state has changed."""

    def __init__(self, camera: CameraParts) -> None:
        self._camera = camera
        self._states: dict[str, tuple[object, ...]] = {}
        self._events: dict[str, Health] = {}  # since the last check

    def check(self) -> None:
        """Look at all channels; quick enough for every timer."""
        self._events.clear()
        camera, connections = self._camera, self._camera.stream.connections
        for channel in camera.stream.controller.channels if connections else ():
            states = channel_states(camera, channel)
            if self._states.get(channel, states) != states:
                for connection in connections.values():
                    connection.post_health(channel, self.event(channel))
                camera.fan_out.notify_all()
            self._states[channel] = states

    def event(self, channel: str) -> Health:
        """Return the event that tells how a channel is, as of the last check."""
        if channel not in self._events:
            health = channel_health(self._camera, channel)
            self._events[channel] = Health(channel, health.members())
        return self._events[channel]

    def post(self, connection: Connection, channels: Iterable[str]) -> None:
        """Queue to one viewer how channels are that it gets from now on."""
        for channel in channels:
            connection.post_health(channel, self.event(channel))

    def receive_switch(self, done: SwitchDone) -> None:
        """Tell a viewer of the channels that a switch brought."""
        connection = self._camera.stream.connections.get(done.connection_id)
        if connection is not None:
            before = done.previous_channel.channels
            self.post(connection, [each for each in done.channel.channels if each not in before])
