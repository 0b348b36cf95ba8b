"""The part of the ``Camera`` interface through which viewers join, subscribe, switch and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import ChannelKey, QualityLevel, SourceState, View
from streamlab.core.events import Connected, ControlEvent
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.cursor import ResumePoint
from streamlab.core.stream.events import SwitchDone
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S
from streamlab.errors import InvalidRequestError, SwitchTimeoutError, UnknownConnectionError
from streamlab.protocol.sse import Form
from streamlab.viewers.feed import Feed
from streamlab.viewers.qualities import resolve_all, resolve_switch
from streamlab.viewers.redaction import check_channels, withheld_channels
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
        return self._running.stream.controller.channels

    def view(self, text: str) -> View:
        """Parse a view. Raises InvalidRequestError if the camera has no such channel."""
        view = View(text)
        self._checked(view.channels)
        return view

    def join(
        self,
        connection_id: str,
        channels: Iterable[str],
        qualities: Mapping[str, str],
        *,
        last_event_id: str = "",
        unredacted: bool = True,
    ) -> Connection:
        """Add a viewer; ``feed`` reads its events.

        Args:
            connection_id: identifies the viewer; must be unique.
            channels: the channels to be sent; may be empty.
            qualities: by channel; ``medium`` where none is given; ``auto`` is allowed.
            last_event_id: resume after this event, if it is still held.
            unredacted: the viewer may see what is not redacted of a camera that redacts.

        Raises:
            InvalidRequestError: the camera has no such channel, or a channel no such quality.
            RedactedError: a channel needs ``unredacted``.
        """
        channels = self._checked(channels)
        self.check_channels(channels, unredacted=unredacted)
        connection = Connection(
            connection_id,
            channels,
            resolve_all(self.channels, qualities, passthrough=self._passthrough),
            resume=ResumePoint.parse(last_event_id),
            unredacted=unredacted,
        )
        self._running.stream.receive_connection(connection, monotonic_ns())
        self._running.process_events()
        return connection

    def check_channels(self, channels: Iterable[str], *, unredacted: bool) -> None:
        """Raise RedactedError if one of the channels needs the right ``unredacted``."""
        check_channels(self._running, channels, unredacted=unredacted)

    @property
    def redacts(self) -> bool:
        """True if a channel of the camera is redacted."""
        return bool(withheld_channels(self._running))

    def leave(self, connection_id: str) -> None:
        """Remove a viewer. Unknown ids are ignored: it may have left already."""
        self._running.stream.remove_connection(connection_id, monotonic_ns())
        self._running.process_events()

    def connection(self, connection_id: str) -> Connection:
        """Return a viewer's connection. Raises UnknownConnectionError."""
        try:
            return self._running.stream.connections[connection_id]
        except KeyError:
            raise UnknownConnectionError(
                f"camera '{self._running.camera_id}' has no connection '{connection_id}'",
                hint="The connected event names it; it closes with the stream.",
            ) from None

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
        RedactedError if the viewer may not see it.
        """
        self._checked([channel])
        self.check_channels([channel], unredacted=connection.unredacted)
        channels = (*connection.channels, channel)
        qualities = self._resolved((channel,), quality)
        added = {channel} - set(connection.channels)
        self._running.stream.request_channels(connection, channels, qualities, monotonic_ns())
        self._running.health.post(connection, added)
        self._running.process_events()

    def unsubscribe(self, connection: Connection, channel: str) -> None:
        """Remove a channel from a connection. Raises InvalidRequestError if it does not exist."""
        self._checked([channel])
        channels = set(connection.channels) - {channel}
        self._running.stream.request_channels(connection, channels, {}, monotonic_ns())
        self._running.process_events()

    def subscribe_detections(self, connection: Connection, *, wanted: bool) -> None:
        """Start or stop sending a connection the boxes of each frame."""
        self._running.stream.request_detections(connection, wanted=wanted)
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
            RedactedError: the viewer may not see one of the channels.
            UnknownConnectionError: the connection is closed.
            UnknownCameraError: the camera was removed meanwhile.
        """
        running = self._running
        self._checked(view.channels)
        self.check_channels(view.channels, unredacted=connection.unredacted)
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
        self, connection: Connection, max_lag: int, *, tagged: bool = False, by_url: bool = False
    ) -> Feed:
        """Return the feed of a connection.

        Args:
            connection: a connection of this camera.
            max_lag: fragments that a slow viewer may be behind before it gets a ``gap``.
            tagged: every event names the camera.
            by_url: fragments are named by URL instead of carried.
        """
        camera_id = self._running.camera_id
        form = Form(f"/streams/{camera_id}" if by_url else "", camera_id if tagged else "")
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
        return self._running.pipeline.metadata.source_passthrough

    def _resolved(self, channels: Sequence[str], quality: str | None) -> dict[str, QualityLevel]:
        if quality is None:
            return {}
        return resolve_switch(channels, quality, passthrough=self._passthrough)

    def _checked(self, channels: Iterable[str]) -> list[str]:
        asked = list(channels)
        for channel in asked:
            if channel not in self.channels:
                raise InvalidRequestError(
                    f"camera '{self._running.camera_id}' has no channel '{channel}'",
                    hint=f"Allowed: {', '.join(self.channels)}; both, or names joined by commas.",
                )
        return asked

    def _hello(self, connection: Connection) -> list[ControlEvent]:
        running = self._running
        controller = running.stream.controller
        connected = Connected(
            connection_id=connection.connection_id,
            stream_id=self.stream_id,
            camera_id=running.camera_id,
            channels=list(connection.channels),
            sync_tolerance_ms=controller.settings.tolerance_ms,
            playout_delay_ms=controller.playout_delay_ms,
            detector=self._detector_named(),
            server_time=wall_s(),
        )
        hello: list[ControlEvent] = [connected]
        if running.source.state is not SourceState.LIVE:
            hello.append(running.source.event())
        return hello + [running.health.event(channel) for channel in connection.channels]

    def _detector_named(self) -> dict[str, str] | None:
        """Return name and kind of the detector of the first annotated channel."""
        for annotator in self._running.pipeline.annotators.values():
            detector = annotator.service.detector
            return {"name": detector.name, "kind": detector.kind}
        return None
