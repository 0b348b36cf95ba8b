"""Those who watch: connections, what they are subscribed to, and what they are sent."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence

from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import (
    ANNOTATED,
    ChannelType,
    QualityLevel,
    SourceState,
    View,
    levels_of,
)
from streamlab.core.connection import Connection
from streamlab.core.cursor import ResumePoint
from streamlab.core.events import Connected, encode
from streamlab.core.stream_events import SwitchDone
from streamlab.core.timebase import NS_PER_MS, NS_PER_S
from streamlab.errors import (
    ConnectionInUseError,
    InvalidRequestError,
    LimitError,
    SwitchTimeoutError,
    UnknownConnectionError,
)
from streamlab.manager.camera import Camera
from streamlab.manager.channels import StreamChannelManager
from streamlab.manager.reader import Feed, Reader

RESERVATION_S = 30.0
DEFAULT_QUALITIES: dict[str, QualityLevel] = dict.fromkeys(ChannelType, QualityLevel.MEDIUM)


class ChannelSubscriptionManager:
    """Subscribes, switches and serves the viewers of all cameras. Lives in one event loop."""

    def __init__(self, channels: StreamChannelManager) -> None:
        self._settings = channels.settings
        self._reserved: dict[str, asyncio.TimerHandle] = {}
        self._open: set[str] = set()

    def open(
        self,
        camera: Camera,
        channels: Iterable[str],
        qualities: Mapping[str, QualityLevel] | None = None,
        *,
        by_url: bool = False,
        last_event_id: str = "",
    ) -> Connection:
        """Make a connection; ``read`` reads it. Raises LimitError.

        ``by_url``: fragments are named, not carried. ``last_event_id``: go on after this one.
        """
        if len(self._open) >= self._settings.max_connections:
            raise LimitError(
                f"there are already {len(self._open)} connections",
                hint="Try again when some have closed.",
            )
        connection = Connection(
            secrets.token_urlsafe(12),
            channels,
            {**DEFAULT_QUALITIES, **(qualities or {})},
            by_url=by_url,
            resume=ResumePoint.parse(last_event_id),
        )
        self._open.add(connection.connection_id)
        camera.stream.receive_connection(connection, monotonic_ns())
        camera.settle()
        return connection

    def reserve(self, camera: Camera) -> Connection:
        """Make a connection without channels, to be read later.

        It lapses after ``RESERVATION_S``. Raises LimitError.
        """
        connection = self.open(camera, [])
        name = connection.connection_id
        self._reserved[name] = asyncio.get_running_loop().call_later(
            RESERVATION_S, self._lapse, camera, name
        )
        return connection

    def claim(self, camera: Camera, connection_id: str) -> Connection:
        """Take a reserved connection to read it.

        Raises UnknownConnectionError, or ConnectionInUseError when somebody reads it.
        """
        connection = self.connection(camera, connection_id)
        reservation = self._reserved.pop(connection_id, None)
        if reservation is None:
            raise ConnectionInUseError(
                f"connection '{connection_id}' is already being read",
                hint="Reserve another with POST subscribe, without connection_id.",
            )
        reservation.cancel()
        return connection

    def connection(self, camera: Camera, connection_id: str) -> Connection:
        """Return a camera's connection. Raises UnknownConnectionError."""
        try:
            return camera.stream.connections[connection_id]
        except KeyError:
            raise UnknownConnectionError(
                f"camera '{camera.camera_id}' has no connection '{connection_id}'",
                hint="The connected event names it; it closes with the stream.",
            ) from None

    def subscribe(
        self,
        camera: Camera,
        connection: Connection,
        channel: str,
        quality: QualityLevel | None,
    ) -> None:
        """Add a channel to a connection, or change the quality of one that it has."""
        self._check_quality(channel, quality)
        channels = (*connection.channels, channel)
        qualities = {} if quality is None else {channel: quality}
        added = {channel} - set(connection.channels)
        camera.stream.request_channels(connection, channels, qualities, monotonic_ns())
        camera.health.post(connection, added)
        camera.settle()

    def unsubscribe(self, camera: Camera, connection: Connection, channel: str) -> None:
        """Take a channel from a connection."""
        channels = set(connection.channels) - {channel}
        camera.stream.request_channels(connection, channels, {}, monotonic_ns())
        camera.settle()

    def subscribe_detections(self, camera: Camera, connection: Connection, *, wanted: bool) -> None:
        """Send a connection the boxes of each frame from now on, or no longer."""
        camera.stream.request_detections(connection, wanted=wanted)
        camera.settle()

    async def switch(
        self, camera: Camera, connection: Connection, view: View, quality: QualityLevel | None
    ) -> tuple[SwitchDone, float]:
        """Change what a connection is sent, within the running connection.

        Returns when the new init and keyframe are queued, and how long that took, ms. Raises
        SwitchTimeoutError after ``channel_switch_timeout``, and the old channel goes on then;
        InvalidRequestError when the annotated channel has no such quality;
        UnknownConnectionError when the connection is closed.
        """
        if view == ANNOTATED:
            self._check_quality(ANNOTATED, quality)
        timeout_s = self._settings.channel_switch_timeout
        camera.stream.request_switch(
            connection,
            view,
            quality,
            now_ns=monotonic_ns(),
            timeout_ns=round(timeout_s * NS_PER_S),
        )
        outcome = camera.expect_switch(connection.connection_id)
        camera.settle()
        event = await outcome
        if isinstance(event, SwitchDone):
            now_ns = monotonic_ns()
            switch_ms = (now_ns - event.requested_ns) / NS_PER_MS
            camera.switches_ms.add(switch_ms, now_ns)
            return event, switch_ms
        raise SwitchTimeoutError(
            f"{view} delivered no keyframe within {timeout_s * 1000:.0f} ms",
            hint="The old channel continues; try again in a moment.",
        )

    def read(self, watched: Sequence[tuple[Camera, Connection]], *, tagged: bool = False) -> Reader:
        """Return what reads these connections, and closes them when it is closed.

        ``tagged``: every event names its camera, because one reader gets several.
        """

        def close() -> None:
            for camera, connection in watched:
                self.close(camera, connection)

        feeds = [self._feed(camera, connection, tagged) for camera, connection in watched]
        return Reader(feeds, self._settings.heartbeat_interval, close)

    def close(self, camera: Camera, connection: Connection) -> None:
        """End a connection."""
        self._remove(camera, connection.connection_id)

    def _feed(self, camera: Camera, connection: Connection, tagged: bool) -> Feed:
        hello = [encode(self._connected(camera, connection))]
        if camera.state is not SourceState.LIVE:
            hello.append(encode(camera.source.event()))
        hello += [camera.health.event(channel) for channel in connection.channels]
        return Feed(camera, connection, hello, self._settings.client_queue_fragments, tagged)

    def _lapse(self, camera: Camera, connection_id: str) -> None:
        if self._reserved.pop(connection_id, None) is not None:
            self._remove(camera, connection_id)

    def _remove(self, camera: Camera, connection_id: str) -> None:
        self._open.discard(connection_id)
        camera.stream.remove_connection(connection_id, monotonic_ns())
        camera.settle()

    def _connected(self, camera: Camera, connection: Connection) -> Connected:
        detector = camera.pipeline.service.detector
        return Connected(
            connection_id=connection.connection_id,
            stream_id=camera.stream.stream_id,
            camera_id=camera.camera_id,
            channels=list(connection.channels),
            sync_tolerance_ms=camera.stream.controller.meter.tolerance_ms,
            playout_delay_ms=camera.stream.controller.playout_delay_ms,
            detector={"name": detector.name, "kind": detector.kind},
            server_time=wall_s(),
        )

    def _check_quality(self, channel: str, quality: QualityLevel | None) -> None:
        if quality is not None and quality not in levels_of(channel):
            raise InvalidRequestError(
                f"the {channel} channel has no quality '{quality}'",
                hint=f"Allowed: {', '.join(levels_of(channel))}.",
            )
