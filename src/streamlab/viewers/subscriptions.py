"""The viewers of all cameras: their connections, subscriptions and readers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from streamlab.core.channels import View
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.events import SwitchDone
from streamlab.errors import ConnectionInUseError, LimitError
from streamlab.viewers.camera import Camera
from streamlab.viewers.manager import StreamChannelManager
from streamlab.viewers.reader import Reader

RESERVATION_S = 30.0


class _Reservation(NamedTuple):
    camera: Camera
    connection: Connection
    timer: asyncio.TimerHandle


class ChannelSubscriptionManager:
    """Subscribes, switches and serves the viewers of all cameras, in one event loop."""

    def __init__(self, manager: StreamChannelManager) -> None:
        self._settings = manager.settings
        self._reserved: dict[str, _Reservation] = {}
        self._open: set[str] = set()
        manager.call_on_removal(self._end_reservations)

    def open(
        self,
        camera: Camera,
        channels: Iterable[str],
        qualities: Mapping[str, str] | None = None,
        *,
        last_event_id: str = "",
        unredacted: bool = True,
    ) -> Connection:
        """Open a connection to a camera; ``read`` reads it.

        Args:
            camera: the camera to watch.
            channels: the channels to be sent; may be empty.
            qualities: by channel; ``medium`` where none is given.
            last_event_id: resume after this event, if it is still held.
            unredacted: the viewer may see what is not redacted of a camera that redacts.

        Raises:
            LimitError: there are ``max_connections`` already.
            RedactedError: a channel needs ``unredacted``.
            InvalidRequestError: the camera has no such channel, or a channel no such quality.
        """
        if len(self._open) >= self._settings.max_connections:
            raise LimitError(
                f"there are already {len(self._open)} connections",
                hint="Try again when some have closed.",
            )
        connection_id = secrets.token_urlsafe(12)
        connection = camera.join(
            connection_id,
            channels,
            qualities or {},
            last_event_id=last_event_id,
            unredacted=unredacted,
        )
        self._open.add(connection_id)
        return connection

    def reserve(self, camera: Camera, *, unredacted: bool = True) -> Connection:
        """Open a connection without channels, to be read later.

        It expires after ``RESERVATION_S``, and with the camera. Raises LimitError, and
        UnknownCameraError if the camera was removed.
        """
        camera.check_open()
        connection = self.open(camera, [], unredacted=unredacted)
        timer = asyncio.get_running_loop().call_later(RESERVATION_S, self.close, camera, connection)
        self._reserved[connection.connection_id] = _Reservation(camera, connection, timer)
        return connection

    def claim(self, camera: Camera, connection_id: str, *, unredacted: bool = True) -> Connection:
        """Claim a reserved connection, to read it.

        Raises UnknownConnectionError, ConnectionInUseError if it is already being read, or
        RedactedError if it has a channel that needs ``unredacted``.
        """
        connection = camera.connection(connection_id)
        camera.check_channels(connection.channels, unredacted=unredacted)
        reservation = self._reserved.pop(connection_id, None)
        if reservation is None:
            raise ConnectionInUseError(
                f"connection '{connection_id}' is already being read",
                hint="Reserve another with POST subscribe, without connection_id.",
            )
        reservation.timer.cancel()
        connection.unredacted &= unredacted
        return connection

    async def switch(
        self,
        camera: Camera,
        connection: Connection,
        view: View,
        quality: str | None = None,
    ) -> tuple[SwitchDone, float]:
        """Switch like ``Camera.switch``, within the setting ``channel_switch_timeout``."""
        timeout_s = self._settings.channel_switch_timeout
        return await camera.switch(connection, view, quality, timeout_s=timeout_s)

    def read(
        self,
        watched: Sequence[tuple[Camera, Connection]],
        *,
        tagged: bool = False,
        by_url: bool = False,
    ) -> Reader:
        """Return a reader of these connections; closing it closes them.

        ``tagged``: every event names its camera, for a reader of several. ``by_url``: fragments
        are named by URL instead of carried.
        """

        def close() -> None:
            for camera, connection in watched:
                self.close(camera, connection)

        feeds = [
            camera.feed(
                connection,
                self._settings.client_queue_fragments,
                tagged=tagged,
                by_url=by_url,
            )
            for camera, connection in watched
        ]
        return Reader(feeds, self._settings.heartbeat_interval, close)

    def close(self, camera: Camera, connection: Connection) -> None:
        """Close a connection, also one that is only reserved."""
        name = connection.connection_id
        reservation = self._reserved.pop(name, None)
        if reservation is not None:
            reservation.timer.cancel()
        self._open.discard(name)
        camera.leave(name)

    def _end_reservations(self, camera: Camera) -> None:
        """Close the reserved connections of a camera that was removed: none can be claimed."""
        for each in list(self._reserved.values()):
            if each.camera is camera:
                self.close(camera, each.connection)
