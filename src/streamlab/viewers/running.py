"""Connects the parts of a running camera. Private to this folder: others use ``Camera``."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Sequence

from streamlab.bus.handover import Handover
from streamlab.camera import AnnotatedChannel, CameraPipeline, DetectionTimed
from streamlab.camera.delivery import PipelineEvent
from streamlab.camera.pipeline import PipelineSettings
from streamlab.camera.worker_pool import WorkerPool
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import SourceState, SyncState
from streamlab.core.events import EndReason
from streamlab.core.mp4.fragment import Fragment, InitSegment
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
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.events import BoxDeadline
from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import StreamlabError, SwitchTimeoutError, UnknownCameraError
from streamlab.media.source import Source as MediaSource
from streamlab.media.spec import SourceSpec
from streamlab.protocol.sse import EventEncoder
from streamlab.settings import Settings
from streamlab.viewers.event_log import EventLog
from streamlab.viewers.event_stream import EventStream
from streamlab.viewers.fan_out import FanOut
from streamlab.viewers.health import HealthReporter
from streamlab.viewers.sequence import first_sequence
from streamlab.viewers.source_status import SourceStatus

log = logging.getLogger(__name__)
MAX_HANDOVER_ITEMS = 256
MAX_RING_FRAGMENTS = 1024

SwitchOutcome = SwitchDone | SwitchTimedOut


class RunningCamera:
    """Connects the pipeline, the stream and the readers of a camera in one event loop."""

    def __init__(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: MediaSource | None,
        channels: Sequence[AnnotatedChannel],
        settings: Settings,
        pool: WorkerPool | None,
        events: EventLog,
    ) -> None:
        self.camera_id = camera_id
        self.spec = spec
        self.source = SourceStatus(is_open=source is not None)
        self.end_reason: EndReason | None = None
        self.fan_out = FanOut()
        self.encoder = EventEncoder()
        self.event_streams: set[EventStream] = set()
        self.events = events
        self.switches_ms = Window(3600.0)
        """Durations of switches in the last hour, from the request to the written keyframe."""
        self._switches: dict[str, asyncio.Future[SwitchOutcome]] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_ns = 0
        self._closed = False
        self._sync_state = SyncState.SYNCHRONIZED
        self._logged_counts: Counter[str] = Counter()
        self.max_detection_fps = settings.max_detection_fps
        """Limit on the frames per second of this camera that a detector gets; 0: no limit."""
        self.health = HealthReporter(self)
        self.handover: Handover[PipelineEvent] = Handover(
            self._loop, self._receive, MAX_HANDOVER_ITEMS
        )
        self.stream = DualChannelStream(
            f"{camera_id}-{secrets.token_hex(4)}",
            SyncController(
                tolerance_ms=settings.sync_tolerance_ms,
                check_interval_ns=round(settings.sync_check_interval * NS_PER_S),
                max_violations=settings.max_sync_violations,
                now_ns=monotonic_ns(),
                policy=settings.sync_policy,
                max_playout_delay_ms=settings.max_playout_delay_ms,
                max_stale_fraction=settings.max_stale_fraction,
                annotated=[channel.name for channel in channels],
            ),
            max_fragments=MAX_RING_FRAGMENTS,
            linger_ns=round(settings.encoder_linger * NS_PER_S),
        )
        self.pipeline = CameraPipeline(
            camera_id,
            spec,
            source,
            channels,
            PipelineSettings(
                settings.gop_s,
                settings.fragment_ms,
                first_sequence(wall_s()),
                settings.open_timeout,
                settings.stall_after,
                settings.max_redaction_age_ms,
            ),
            self.hand_over,
            pool,
        )

    def remove(self, reason: EndReason) -> None:
        """Send every viewer ``end``; the threads may run on until ``close``."""
        self._closed = True
        self.end(reason)
        self.process_events()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.handover.close()

    async def close(self, reason: EndReason) -> None:
        """Send every viewer ``end`` and stop the threads."""
        if not self._closed:
            self.remove(reason)
        await asyncio.to_thread(self.pipeline.stop)

    def end(self, reason: EndReason) -> None:
        """End the stream; the first reason given is kept."""
        self.end_reason = self.end_reason or reason
        for stream in list(self.event_streams):
            stream.close()
        self.fan_out.notify_all()

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
                self.pipeline.request_encoders(event.keys)
            elif isinstance(event, BoxDeadline):
                self.pipeline.request_box_deadline(event.channel, event.deadline_ns)
            elif isinstance(event, FragmentReleased):
                released.append(event.entry)
                events.append(event)
            elif isinstance(event, EventsQueued):
                woken = True
            else:
                self._resolve_switch(event)
        for stream in self.event_streams if events else ():
            stream.add(events)
        if woken:
            self.fan_out.notify_all()
        elif released:
            self.fan_out.release(released)
        self._log_sync_state()
        self._arm()
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

    def hand_over(self, items: Sequence[PipelineEvent]) -> None:
        """Pass items from a thread of the camera to the event loop.

        A notice that a frame gets no detections is not urgent: it releases nothing.
        """
        urgent = any(
            not isinstance(each, DetectionTimed) or each.lag_ns is not None for each in items
        )
        self.handover.put(items, urgent=urgent)

    def _log_sync_state(self) -> None:
        controller = self.stream.controller
        state, before = controller.state, self._sync_state
        if state is before:
            return
        self._sync_state = state
        counts = controller.counts + controller.meter.counts
        since, self._logged_counts = counts - self._logged_counts, counts
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(since.items()))
        level = logging.WARNING if state is SyncState.DEGRADED else logging.INFO
        log.log(level, "camera %s is %s; frames since: %s", self.camera_id, state, told or "none")
        self.events.add("sync_state", self.camera_id, f"The channels are {state}.")

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

    def _receive(self, batch: list[PipelineEvent]) -> None:
        now_ns, now_s = monotonic_ns(), wall_s()
        for stream in self.event_streams:
            stream.add(batch)
        for item in batch:
            if isinstance(item, Fragment):
                self.stream.receive_fragment(item, now_ns, now_s)
            elif isinstance(item, DetectionTimed):
                self.stream.receive_lag(item.channel, item.pts, item.lag_ns, now_ns, now_s)
            elif isinstance(item, InitSegment):
                self.stream.receive_init(item)
            elif self.source.receive_change(item):
                self._post_source()
        self.process_events()

    def _arm(self) -> None:
        # A timer set too early stays: moving it for every frame costs more than one extra wake-up.
        due_ns = self.stream.get_timer()
        if self._timer is not None:
            if self._armed_ns <= due_ns:
                return
            self._timer.cancel()
            self._timer = None
        if not self._closed:
            self._armed_ns = due_ns
            delay_s = max(0, due_ns - monotonic_ns()) / NS_PER_S
            self._timer = self._loop.call_later(delay_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now_ns = monotonic_ns()
        if self.stream.get_timer() > now_ns:
            self._arm()
            return
        if self.source.receive_check(self.pipeline.check_source(now_ns)):
            self._post_source()
        self.stream.handle_timer(now_ns, wall_s())
        self.health.check()
        self.process_events()

    def _post_source(self) -> None:
        status = self.source
        is_well = status.state in (SourceState.LIVE, SourceState.ENDED)
        level = logging.INFO if is_well or not status.detail else logging.WARNING
        log.log(level, "camera %s is %s: %s", self.camera_id, status.state, status.detail)
        why = f": {status.detail}" if status.detail else "."
        self.events.add("source", self.camera_id, f"The source is {status.state}{why}")
        self.stream.post(status.event())
        if status.is_over:
            self.end("source_ended")
