"""Connects the parts of a running camera. Private to this folder: others use ``Camera``."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence

from streamlab.bus.carrier import Carrier, OpenSource, Producer
from streamlab.camera import AnnotatedChannel, SourceChanged
from streamlab.camera.delivery import PipelineEvent
from streamlab.camera.producer import (
    HealthChanged,
    ProducerEvent,
    ReleaseBatch,
    SyncStateChanged,
)
from streamlab.camera.source_status import SourceStatus
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import SourceState
from streamlab.core.events import EndReason, Sync
from streamlab.core.mp4.fragment import InitSegment
from streamlab.core.stats import Window
from streamlab.core.stream.dual_channel import DualChannelStream
from streamlab.core.stream.events import (
    EncodersWanted,
    EventsQueued,
    FragmentReleased,
    SwitchDone,
    SwitchTimedOut,
)
from streamlab.core.stream.ring import Released
from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import StreamlabError, SwitchTimeoutError, UnknownCameraError
from streamlab.loop_timer import LoopTimer
from streamlab.media.spec import SourceSpec
from streamlab.protocol.sse import EventEncoder
from streamlab.settings import Settings
from streamlab.viewers.event_log import EventLog
from streamlab.viewers.event_stream import EventStream
from streamlab.viewers.fan_out import FanOut
from streamlab.viewers.health import HealthReporter
from streamlab.viewers.sequence import first_sequence

log = logging.getLogger(__name__)
MAX_RING_FRAGMENTS = 1024

SwitchOutcome = SwitchDone | SwitchTimedOut


class RunningCamera:
    """Connects the producer, the stream and the readers of a camera in one event loop."""

    def __init__(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: OpenSource | None,
        channels: Sequence[AnnotatedChannel],
        settings: Settings,
        carrier: Carrier,
        events: EventLog,
    ) -> None:
        self.camera_id = camera_id
        self.spec = spec
        self.source = SourceStatus(is_open=source is not None)
        self.end_reason: EndReason | None = None
        self.fan_out = FanOut()
        self.encoder = EventEncoder()
        self._event_streams: set[EventStream] = set()
        self.events = events
        self.switches_ms = Window(3600.0)
        """Durations of switches in the last hour, from the request to the written keyframe."""
        self._switches: dict[str, asyncio.Future[SwitchOutcome]] = {}
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self.health = HealthReporter(self)
        self.stream = DualChannelStream(
            f"{camera_id}-{secrets.token_hex(4)}",
            max_fragments=MAX_RING_FRAGMENTS,
            linger_ns=round(settings.encoder_linger * NS_PER_S),
        )
        self._timer = LoopTimer(self.stream.get_timer, self._on_timer)
        self.producer: Producer = carrier.produce(
            camera_id,
            spec,
            source,
            channels,
            settings,
            first_sequence(wall_s()),
            self._receive,
        )

    def remove(self, reason: EndReason) -> None:
        """Send every viewer ``end``; the threads may run on until ``close``."""
        self._closed = True
        self.end(reason)
        self.process_events()
        self._timer.close()
        self.producer.close()

    async def close(self, reason: EndReason) -> None:
        """Send every viewer ``end`` and stop the threads."""
        if not self._closed:
            self.remove(reason)
        await self.producer.stop()

    def end(self, reason: EndReason) -> None:
        """End the stream; the first reason given is kept."""
        self.end_reason = self.end_reason or reason
        for stream in list(self._event_streams):
            stream.close()
        self.fan_out.notify_all()

    def observe(self) -> EventStream:
        """Return a stream of the camera's events from now on; closed already if it has ended."""
        stream = EventStream(self._stop_observing)
        if self.end_reason is not None:
            stream.close()
        else:
            self._event_streams.add(stream)
            self.producer.request_observation(observed=True)
        return stream

    def _stop_observing(self, stream: EventStream) -> None:
        self._event_streams.discard(stream)
        if not self._event_streams:
            self.producer.request_observation(observed=False)

    def expect_switch(self, connection_id: str) -> asyncio.Future[SwitchOutcome]:
        """Return a future of the outcome of the switch requested last on this connection.

        It raises SwitchTimeoutError if a newer one replaces it, and UnknownCameraError if the
        camera is removed first.
        """
        self._give_up_switch(
            connection_id,
            SwitchTimeoutError(
                "another switch replaced this one", hint="The newer one decides what is sent."
            ),
        )
        self._switches[connection_id] = outcome = self._loop.create_future()
        return outcome

    def process_events(self) -> None:
        """Process the events of the stream and arm the timer. Call it after every request to it."""
        woken = False
        released: list[Released] = []
        events: list[FragmentReleased] = []
        while (event := self.stream.next_event()) is not None:
            if isinstance(event, EncodersWanted):
                self.producer.request_encoders(event.keys)
            elif isinstance(event, FragmentReleased):
                released.append(event.entry)
                events.append(event)
            elif isinstance(event, EventsQueued):
                woken = True
            else:
                self._resolve_switch(event)
        for stream in self._event_streams if events else ():
            stream.add(events)
        if woken:
            self.fan_out.notify_all()
        elif released:
            self.fan_out.release(released)
        self._timer.arm()
        for connection_id in list(self._switches) if self._closed else ():
            self._give_up_switch(connection_id, self.removed)

    @property
    def removed(self) -> UnknownCameraError:
        """The error of what only a running camera can do."""
        return UnknownCameraError(f"camera '{self.camera_id}' was removed")

    def check_open(self) -> None:
        """Raise UnknownCameraError if the camera was removed."""
        if self._closed:
            raise self.removed

    def _resolve_switch(self, outcome: SwitchOutcome) -> None:
        if isinstance(outcome, SwitchDone):
            self.health.receive_switch(outcome)
        waiting = self._switches.pop(outcome.connection_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(outcome)

    def _give_up_switch(self, connection_id: str, error: StreamlabError) -> None:
        waiting = self._switches.pop(connection_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)

    def _receive(self, batch: Sequence[ProducerEvent]) -> None:
        if self._event_streams:
            observed = [event for event in batch if isinstance(event, PipelineEvent)]
            for stream in self._event_streams:
                stream.add(observed)
        for event in batch:
            if isinstance(event, ReleaseBatch):
                self.stream.receive_release(event.fragments, monotonic_ns(), event.released_at)
            elif isinstance(event, InitSegment):
                self.stream.receive_init(event)
            elif isinstance(event, Sync):
                self.stream.post(event)
            elif isinstance(event, SourceChanged):
                if self.source.receive_change(event):
                    self._post_source()
            elif isinstance(event, HealthChanged):
                self.health.receive_change(event.channels)
            elif isinstance(event, SyncStateChanged):
                text = f"The channels are {event.state}."
                self.events.add("sync_state", self.camera_id, text)
        self.process_events()

    def _on_timer(self) -> None:
        self.stream.handle_timer(monotonic_ns())
        self.process_events()

    def _post_source(self) -> None:
        status = self.source
        is_well = status.state in (SourceState.LIVE, SourceState.ENDED)
        level = logging.INFO if is_well or not status.detail else logging.WARNING
        log.log(level, "camera %s is %s: %s", self.camera_id, status.state, status.detail)
        self.events.add("source", self.camera_id, status.problem or "The source is live.")
        self.stream.post(status.event())
        if status.is_over:
            self.end("source_ended")
