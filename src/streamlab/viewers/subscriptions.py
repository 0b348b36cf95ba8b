"""The viewers of all cameras: their connections, subscriptions and readers."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from streamlab.core.access import FULL, CameraAccess
from streamlab.core.channels import View
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.events import SwitchDone
from streamlab.errors import ConnectionInUseError, LimitError, ServerFullError
from streamlab.viewers.camera import Camera
from streamlab.viewers.manager import StreamChannelManager
from streamlab.viewers.reader import Reader

RESERVATION_S = 30.0
RESERVATIONS_OF_CLIENT = 16


class _Reservation(NamedTuple):
    camera: Camera
    connection: Connection
    timer: asyncio.TimerHandle
    client: str


class ChannelSubscriptionManager:
    """Subscribes, switches and serves the viewers of all cameras, in one event loop."""

    def __init__(self, manager: StreamChannelManager) -> None:
        self._settings = manager.settings
        self._reserved: dict[str, _Reservation] = {}
        self._open: dict[str, str] = {}  # the client of each connection
        self._of_client: Counter[str] = Counter()
        manager.call_on_removal(self._end_reservations)

    def open(
        self,
        camera: Camera,
        channels: Iterable[str],
        qualities: Mapping[str, str] | None = None,
        *,
        last_event_id: str = "",
        access: CameraAccess = FULL,
        client: str = "",
    ) -> Connection:
        """Open a connection to a camera; ``read`` reads it.

        Args:
            camera: the camera to watch.
            channels: the channels to be sent; may be empty.
            qualities: by channel; ``medium`` where none is given.
            last_event_id: resume after this event, if it is still held.
            access: what the viewer may be sent.
            client: whose connection it is, for the limit of each client; empty: nobody's.

        Raises:
            ServerFullError: there are ``max_connections`` already.
            LimitError: ``client`` has as many as one client may have.
            NotAllowedError, RedactedError: the viewer may not see a channel.
            InvalidRequestError: the camera has no such channel, or a channel no such quality.
        """
        if len(self._open) >= self._settings.max_connections:
            raise ServerFullError(
                f"there are already {len(self._open)} connections",
                hint="Try again when some have closed, or raise max_connections.",
            )
        self._check_client(client)
        connection_id = secrets.token_urlsafe(12)
        connection = camera.join(
            connection_id,
            channels,
            qualities or {},
            last_event_id=last_event_id,
            access=access,
        )
        self._open[connection_id] = client
        self._of_client[client] += 1
        return connection

    def reserve(
        self,
        camera: Camera,
        *,
        client: str = "",
        limited_client: str = "",
        access: CameraAccess = FULL,
    ) -> Connection:
        """Open a connection without channels, to be read later.

        It expires after ``RESERVATION_S``, and with the camera. ``limited_client`` is the client
        that ``open`` counts it for. Raises LimitError if ``client`` has ``RESERVATIONS_OF_CLIENT``
        already or half of all connections are reserved, the errors of ``open``, and
        UnknownCameraError if the camera was removed.
        """
        camera.check_open()
        self._check_reservations(client)
        connection = self.open(camera, [], access=access, client=limited_client)
        timer = asyncio.get_running_loop().call_later(RESERVATION_S, self.close, camera, connection)
        self._reserved[connection.connection_id] = _Reservation(camera, connection, timer, client)
        return connection

    def claim(self, camera: Camera, connection_id: str, access: CameraAccess = FULL) -> Connection:
        """Claim a reserved connection, to read it; its rights are those of who reads it.

        Raises UnknownConnectionError, ConnectionInUseError if it is already being read, or
        NotAllowedError or RedactedError if it has a channel that its reader may not see.
        """
        connection = camera.connection(connection_id, access)
        reservation = self._reserved.pop(connection_id, None)
        if reservation is None:
            raise ConnectionInUseError(
                f"connection '{connection_id}' is already being read",
                hint="Reserve another with POST subscribe, without connection_id.",
            )
        reservation.timer.cancel()
        connection.hand_to(access)
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
        url_root: str = "/",
    ) -> Reader:
        """Return a reader of these connections; closing it closes them.

        ``tagged``: every event names its camera, for a reader of several. ``by_url``: fragments
        are named by URL instead of carried; ``url_root`` is the server's root in these URLs.
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
                url_root=url_root,
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
        client = self._open.pop(name, None)
        if client is not None:
            self._of_client[client] -= 1
            if not self._of_client[client]:
                del self._of_client[client]
        camera.leave(name)

    def _check_client(self, client: str) -> None:
        """Raise LimitError if this client has as many connections as one may have."""
        half = math.ceil(self._settings.max_connections / 2)
        if client and self._of_client[client] >= (
            self._settings.max_connections_per_client or half
        ):
            raise LimitError(
                f"this client has {self._of_client[client]} connections already",
                hint="Close some, or raise max_connections_per_client.",
            )

    def _check_reservations(self, client: str) -> None:
        of_client = sum(each.client == client for each in self._reserved.values())
        half = math.ceil(self._settings.max_connections / 2)
        if of_client >= RESERVATIONS_OF_CLIENT or len(self._reserved) >= half:
            raise LimitError(
                "too many connections are reserved and not read",
                hint=f"Read them, or try again: a reservation ends after {RESERVATION_S:g} s.",
            )

    def _end_reservations(self, camera: Camera) -> None:
        """Close the reserved connections of a camera that was removed: none can be claimed."""
        for each in list(self._reserved.values()):
            if each.camera is camera:
                self.close(camera, each.connection)
