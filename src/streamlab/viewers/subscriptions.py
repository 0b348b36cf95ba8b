"""The viewers of all cameras: their connections, subscriptions and readers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence

from streamlab.core.channels import View
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.events import SwitchDone
from streamlab.errors import ConnectionInUseError, LimitError
from streamlab.viewers.camera import Camera
from streamlab.viewers.manager import StreamChannelManager
from streamlab.viewers.reader import Reader

RESERVATION_S = 30.0


class ChannelSubscriptionManager:
    """Subscribes, switches and serves the viewers of all cameras, in one event loop."""

    def __init__(self, manager: StreamChannelManager) -> None:
        self._settings = manager.settings
        self._reserved: dict[str, asyncio.TimerHandle] = {}
        self._open: set[str] = set()

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

        It expires after ``RESERVATION_S``. Raises LimitError.
        """
        connection = self.open(camera, [], unredacted=unredacted)
        name = connection.connection_id
        self._reserved[name] = asyncio.get_running_loop().call_later(
            RESERVATION_S, self._lapse, camera, name
        )
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
        reservation.cancel()
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
        """Close a connection."""
        self._remove(camera, connection.connection_id)

    def _lapse(self, camera: Camera, connection_id: str) -> None:
        if self._reserved.pop(connection_id, None) is not None:
            self._remove(camera, connection_id)

    def _remove(self, camera: Camera, connection_id: str) -> None:
        self._open.discard(connection_id)
        camera.leave(connection_id)
