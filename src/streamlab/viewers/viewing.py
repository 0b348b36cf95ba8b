"""How the viewers of one camera join, subscribe, switch and read: part of its public face."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
from streamlab.viewers.running import RunningCamera


class CameraViewers:
    """The viewers of a camera. What is requested here takes effect at once."""

    def __init__(self, running: RunningCamera) -> None:
        self._running = running

    @property
    def stream_id(self) -> str:
        """Names this run of the camera: another one means another timeline."""
        return self._running.stream.stream_id

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of its channels, raw first."""
        return self._running.stream.controller.channels

    def view(self, text: str) -> View:
        """Parse a view of this camera. Raises InvalidRequestError: it has no such channel."""
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
    ) -> Connection:
        """Let a viewer in; ``feed`` reads what it is sent.

        Args:
            connection_id: names the viewer; nobody else has it.
            channels: those to be sent; none is allowed.
            qualities: those of channels that are not to have the default; ``auto`` is allowed.
            last_event_id: continue after this one, where it is still held.

        Raises:
            InvalidRequestError: the camera has no such channel, or a channel no such quality.
        """
        channels = self._checked(channels)
        connection = Connection(
            connection_id,
            channels,
            resolve_all(self.channels, qualities, passthrough=self._passthrough),
            resume=ResumePoint.parse(last_event_id),
        )
        self._running.stream.receive_connection(connection, monotonic_ns())
        self._running.process_events()
        return connection

    def leave(self, connection_id: str) -> None:
        """Let a viewer go. Unknown ids are ignored: it may have left already."""
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
        """Return the qualities that the viewer who joined first is sent; None without viewers."""
        first = next(iter(self._running.stream.connections.values()), None)
        return None if first is None else dict(first.qualities)

    def switches_ms(self) -> list[float]:
        """Return how long the switches of the last hour took, ms."""
        return self._running.switches_ms.values(monotonic_ns())

    def subscribe(self, connection: Connection, channel: str, quality: str | None = None) -> None:
        """Add a channel to a connection, or change the quality of one that it has.

        Raises InvalidRequestError when there is no such channel, or it has no such quality.
        """
        self._checked([channel])
        channels = (*connection.channels, channel)
        qualities = resolve_switch(View(channel), quality, passthrough=self._passthrough)
        added = {channel} - set(connection.channels)
        self._running.stream.request_channels(connection, channels, qualities, monotonic_ns())
        self._running.health.post(connection, added)
        self._running.process_events()

    def unsubscribe(self, connection: Connection, channel: str) -> None:
        """Take a channel from a connection. Raises InvalidRequestError as ``subscribe``."""
        self._checked([channel])
        channels = set(connection.channels) - {channel}
        self._running.stream.request_channels(connection, channels, {}, monotonic_ns())
        self._running.process_events()

    def subscribe_detections(self, connection: Connection, *, wanted: bool) -> None:
        """Send a connection the boxes of each frame from now on, or no longer."""
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
        """Change what a connection is sent, within the running connection.

        Returns:
            When the new init and keyframe are queued: what was done, and how long it took, ms.

        Raises:
            SwitchTimeoutError: after ``timeout_s``; the old channel continues.
            InvalidRequestError: there is no such channel, or none with that quality.
            UnknownConnectionError: the connection is closed.
        """
        running = self._running
        self._checked(view.channels)
        running.stream.request_switch(
            connection,
            view,
            resolve_switch(view, quality, passthrough=self._passthrough),
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
        raise SwitchTimeoutError(
            f"{view} delivered no keyframe within {timeout_s * 1000:.0f} ms",
            hint="The old channel continues; try again in a moment.",
        )

    def feed(
        self, connection: Connection, max_lag: int, *, tagged: bool = False, by_url: bool = False
    ) -> Feed:
        """Return what a connection is to be sent.

        Args:
            connection: one of this camera.
            max_lag: fragments that a slow viewer may be behind before it gets a ``gap``.
            tagged: every event names the camera.
            by_url: fragments are named by URL instead of carried.
        """
        camera_id = self._running.camera_id
        form = Form(f"/streams/{camera_id}" if by_url else "", camera_id if tagged else "")
        return Feed(self._running, connection, self._hello(connection), max_lag, form)

    def init_segment(self, init_id: str) -> bytes | None:
        """Return an init segment, ``ftyp`` + ``moov``; None when it is not held."""
        init = self._running.stream.inits.get(init_id)
        return None if init is None else init.data

    def fragment(self, key: ChannelKey, sequence: int) -> bytes | None:
        """Return a fragment, ``moof`` + ``mdat``; None when it is not held."""
        ring = self._running.stream.rings.get(key)
        held = None if ring is None else ring.get(sequence)
        return None if held is None else held.fragment.data

    @property
    def _passthrough(self) -> bool:
        return self._running.pipeline.metadata.source_passthrough

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
