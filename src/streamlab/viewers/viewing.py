"""The part of the ``Camera`` interface through which viewers join, subscribe, switch and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.access import FULL, CameraAccess
from streamlab.core.channels import RAW, ChannelKey, QualityLevel, SourceState, View
from streamlab.core.events import Connected, ControlEvent
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.cursor import ResumePoint
from streamlab.core.stream.events import SwitchDone
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S
from streamlab.errors import InvalidRequestError, SwitchTimeoutError, UnknownConnectionError
from streamlab.protocol.sse import Form
from streamlab.viewers.feed import Feed
from streamlab.viewers.qualities import resolve_all, resolve_switch
from streamlab.viewers.redaction import (
    DETECTIONS,
    check_channels,
    watched_channels,
    withheld_channels,
)
from streamlab.viewers.running import RunningCamera


class CameraViewers:
    """Manages the viewers of a camera. Requests take effect at once."""

    def __init__(self, running: RunningCamera) -> None:
        self._running = running

    @property
    def stream_id(self) -> str:
        """Identifies this run of the camera: another id means another timeline."""
        return self._running.stream.stream_id

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the camera's channels, raw first."""
        return self._running.producer.status.channels

    def view(self, text: str, access: CameraAccess = FULL) -> View:
        """Parse a view.

        Raises InvalidRequestError if the camera has no such channel, and NotAllowedError or
        RedactedError if the viewer may not see one.
        """
        view = View(text)
        self._checked(view.channels, access)
        return view

    def join(
        self,
        connection_id: str,
        channels: Iterable[str],
        qualities: Mapping[str, str],
        *,
        last_event_id: str = "",
        access: CameraAccess = FULL,
    ) -> Connection:
        """Add a viewer; ``feed`` reads its events.

        Args:
            connection_id: identifies the viewer; must be unique.
            channels: the channels to be sent; may be empty.
            qualities: by channel; ``medium`` where none is given; ``auto`` is allowed.
            last_event_id: resume after this event, if it is still held.
            access: what the viewer may be sent.

        Raises:
            InvalidRequestError: the camera has no such channel, or a channel no such quality.
            NotAllowedError: the viewer may not see a channel.
            RedactedError: it may see a channel only if that is redacted.
        """
        channels = self._checked(channels, access)
        connection = Connection(
            connection_id,
            channels,
            resolve_all(self.channels, qualities, passthrough=self._passthrough),
            resume=ResumePoint.parse(last_event_id),
            access=access,
        )
        self._running.stream.receive_connection(connection, monotonic_ns())
        self._running.process_events()
        return connection

    def check_channels(self, channels: Iterable[str], access: CameraAccess) -> None:
        """Raise NotAllowedError or RedactedError if a viewer may not be sent one of them."""
        check_channels(self._running, channels, access)

    @property
    def redacts(self) -> bool:
        """True if a channel of the camera is redacted."""
        return bool(withheld_channels(self._running))

    def leave(self, connection_id: str) -> None:
        """Remove a viewer. Unknown ids are ignored: it may have left already."""
        self._running.stream.remove_connection(connection_id, monotonic_ns())
        self._running.process_events()

    def connection(self, connection_id: str, access: CameraAccess = FULL) -> Connection:
        """Return a viewer's connection, to be read or changed by a viewer with this access.

        Raises UnknownConnectionError, and NotAllowedError or RedactedError if the connection has a
        channel that the viewer may not see.
        """
        try:
            connection = self._running.stream.connections[connection_id]
        except KeyError:
            raise UnknownConnectionError(
                f"camera '{self._running.camera_id}' has no connection '{connection_id}'",
                hint="The connected event names it; it closes with the stream.",
            ) from None
        detections = [DETECTIONS] if connection.detections else []
        self.check_channels([*connection.channels, *detections], access)
        return connection

    def watched_qualities(self) -> dict[str, QualityLevel] | None:
        """Return the qualities of the viewer that joined first; None without viewers."""
        first = next(iter(self._running.stream.connections.values()), None)
        return None if first is None else dict(first.qualities)

    def switches_ms(self) -> list[float]:
        """Return the durations of the switches of the last hour, ms."""
        return self._running.switches_ms.values(monotonic_ns())

    def subscribe(self, connection: Connection, channel: str, quality: str | None = None) -> None:
        """Add a channel to a connection, or change the quality of one that it has.

        Raises InvalidRequestError if there is no such channel, or it has no such quality, and
        NotAllowedError or RedactedError if the viewer may not see it.
        """
        self._checked([channel], connection.access)
        channels = (*connection.channels, channel)
        qualities = self._resolved((channel,), quality)
        added = {channel} - set(connection.channels)
        self._running.stream.request_channels(connection, channels, qualities, monotonic_ns())
        self._running.health.post(connection, added)
        self._running.process_events()

    def unsubscribe(self, connection: Connection, channel: str) -> None:
        """Remove a channel from a connection. Raises the errors of ``subscribe``."""
        self._checked([channel], connection.access)
        channels = set(connection.channels) - {channel}
        self._running.stream.request_channels(connection, channels, {}, monotonic_ns())
        self._running.process_events()

    def subscribe_detections(self, connection: Connection, *, wanted: bool) -> None:
        """Start or stop sending a connection the boxes of each frame.

        It gets those of the annotated channels that its viewer may see. Raises NotAllowedError if
        there are none.
        """
        self.check_channels([DETECTIONS] if wanted else [], connection.access)
        self._running.stream.request_detections(connection, wanted=wanted)
        if wanted:
            with_boxes = set(self.channels) - {RAW}
            self._running.health.post(connection, with_boxes - set(connection.channels))
        self._running.process_events()

    async def switch(
        self,
        connection: Connection,
        view: View,
        quality: str | None = None,
        *,
        timeout_s: float = 0.1,
    ) -> tuple[SwitchDone, float]:
        """Change the view or quality of a running connection.

        Returns:
            What was done, and how long it took in ms, once the new init segment and keyframe are
            queued.

        Raises:
            SwitchTimeoutError: no keyframe within ``timeout_s``, or a newer switch replaced this
                one; the old channel continues.
            InvalidRequestError: there is no such channel, or none with that quality.
            NotAllowedError, RedactedError: the viewer may not see one of the channels.
            UnknownConnectionError: the connection is closed.
            UnknownCameraError: the camera was removed meanwhile.
        """
        running = self._running
        self._checked(view.channels, connection.access)
        running.stream.request_switch(
            connection,
            view,
            self._resolved(view.channels, quality),
            now_ns=monotonic_ns(),
            timeout_ns=round(timeout_s * NS_PER_S),
        )
        outcome = running.expect_switch(connection.connection_id)
        running.process_events()
        event = await outcome
        if isinstance(event, SwitchDone):
            now_ns = monotonic_ns()
            switch_ms = (now_ns - event.requested_ns) / NS_PER_MS
            running.switches_ms.add(switch_ms, now_ns)
            return event, switch_ms
        if running.stream.connections.get(connection.connection_id) is not connection:
            raise SwitchTimeoutError("the connection was closed before the switch")
        raise SwitchTimeoutError(
            f"{view} delivered no keyframe within {timeout_s * 1000:.0f} ms",
            hint="The old channel continues; try again in a moment.",
        )

    def feed(
        self,
        connection: Connection,
        max_lag: int,
        *,
        tagged: bool = False,
        by_url: bool = False,
        url_root: str = "/",
    ) -> Feed:
        """Return the feed of a connection.

        Args:
            connection: a connection of this camera.
            max_lag: fragments that a slow viewer may be behind before it gets a ``gap``.
            tagged: every event names the camera.
            by_url: fragments are named by URL instead of carried.
            url_root: the server's root in these URLs, with a slash at the end.
        """
        camera_id = self._running.camera_id
        media_path = f"{url_root}streams/{camera_id}" if by_url else ""
        form = Form(media_path, camera_id if tagged else "")
        return Feed(self._running, connection, self._hello(connection), max_lag, form)

    def init_segment(self, init_id: str) -> bytes | None:
        """Return an init segment, ``ftyp`` + ``moov``; None if it is not held."""
        init = self._running.stream.inits.get(init_id)
        return None if init is None else init.data

    def fragment(self, key: ChannelKey, sequence: int) -> bytes | None:
        """Return a fragment, ``moof`` + ``mdat``; None if it is not held."""
        ring = self._running.stream.rings.get(key)
        held = None if ring is None else ring.get(sequence)
        return None if held is None else held.fragment.data

    @property
    def _passthrough(self) -> bool:
        return self._running.producer.status.metadata.source_passthrough

    def _resolved(self, channels: Sequence[str], quality: str | None) -> dict[str, QualityLevel]:
        if quality is None:
            return {}
        return resolve_switch(channels, quality, passthrough=self._passthrough)

    def _checked(self, channels: Iterable[str], access: CameraAccess) -> list[str]:
        """Return the channels; the errors are those of ``view``."""
        asked = list(channels)
        self.check_channels(asked, access)
        for channel in asked:
            if channel not in self.channels:
                raise InvalidRequestError(
                    f"camera '{self._running.camera_id}' has no channel '{channel}'",
                    hint=f"Allowed: {', '.join(watched_channels(self._running, access))}; both, or "
                    "names joined by commas.",
                )
        return asked

    def _hello(self, connection: Connection) -> list[ControlEvent]:
        running = self._running
        produced = running.producer.status
        connected = Connected(
            connection_id=connection.connection_id,
            stream_id=self.stream_id,
            camera_id=running.camera_id,
            channels=list(connection.channels),
            sync_tolerance_ms=produced.sync_settings.tolerance_ms,
            playout_delay_ms=produced.playout_delay_ms,
            detector=self._detector_named(connection.access),
            server_time=wall_s(),
        )
        hello: list[ControlEvent] = [connected]
        if running.source.state is not SourceState.LIVE:
            hello.append(running.source.event())
        return hello + [running.health.event(channel) for channel in connection.channels]

    def _detector_named(self, access: CameraAccess) -> dict[str, str] | None:
        """Return name and kind of the detector of the first annotated channel it may see."""
        detectors = self._running.producer.status.detectors
        return next((detectors[name] for name in detectors if access.watches(name)), None)
