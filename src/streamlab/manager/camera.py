"""One camera under management: its pipeline, its stream, and the timer between them."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import CameraMetadata, QualityLevel, SourceState, SyncState
from streamlab.core.events import EndReason
from streamlab.core.fragment import Fragment, InitSegment
from streamlab.core.playout import SyncPolicy
from streamlab.core.ring import Released
from streamlab.core.stats import Window
from streamlab.core.stream import DualChannelStream
from streamlab.core.stream_events import (
    EncodersWanted,
    FragmentReleased,
    SwitchDone,
    SwitchTimedOut,
    Wake,
)
from streamlab.core.sync import SyncController
from streamlab.core.sync_events import BoxDeadline
from streamlab.core.timebase import NS_PER_S
from streamlab.detect.filter import EVERYTHING, DetectionOptions
from streamlab.detect.render import Renderer
from streamlab.faults import NO_FAULTS, Faults
from streamlab.manager.audience import Audience
from streamlab.manager.handover import Handover
from streamlab.manager.health import HealthReporter
from streamlab.manager.sequence import first_sequence
from streamlab.manager.source_status import SourceStatus
from streamlab.media.source import Source as MediaSource
from streamlab.media.spec import SourceSpec
from streamlab.pipeline import CameraPipeline, DetectionService, DetectionTimed
from streamlab.pipeline.camera import PipelineSettings
from streamlab.pipeline.delivery import PipelineEvent
from streamlab.pipeline.worker import Crew
from streamlab.settings import Settings

log = logging.getLogger(__name__)
MAX_HANDOVER_ITEMS = 256
MAX_RING_FRAGMENTS = 1024

SwitchOutcome = SwitchDone | SwitchTimedOut


class Observer(Protocol):
    """Is told, in the event loop, what happens to each frame of a camera. It must be quick."""

    def receive(self, item: PipelineEvent, now_ns: int) -> None:
        """Take what a thread of the camera has just handed over."""
        ...

    def released(self, fragment: Fragment, now_ns: int) -> None:
        """Take a fragment that has left at ``now_ns``."""
        ...


class Camera:
    """Runs one camera in the event loop it is made in."""

    def __init__(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: MediaSource | None,
        service: DetectionService,
        renderer: Renderer,
        settings: Settings,
        crew: Crew | None = None,
        detections: DetectionOptions = EVERYTHING,
    ) -> None:
        self.camera_id = camera_id
        self.spec = spec
        self.quality = QualityLevel.MEDIUM
        """What viewers get that ask for none."""
        self.source = SourceStatus(is_open=source is not None)
        self.end_reason: EndReason | None = None
        """Why the stream is over: viewers get what is left, then ``end``."""
        self.audience = Audience()
        self.observers: set[Observer] = set()
        self.switches_ms = Window(3600.0)
        """How long switches took, from the request to the written keyframe."""
        self._switches: dict[str, asyncio.Future[SwitchOutcome]] = {}
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_ns = 0
        self._closed = False
        self._sync_state = SyncState.SYNCHRONIZED
        self.health = HealthReporter(self, settings.max_detection_fps)
        self._logged_counts: Counter[str] = Counter()
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
            ),
            max_fragments=MAX_RING_FRAGMENTS,
            linger_ns=round(settings.encoder_linger * NS_PER_S),
            media_path=f"/streams/{camera_id}",
        )
        self.pipeline = CameraPipeline(
            camera_id,
            spec,
            source,
            service,
            renderer,
            PipelineSettings(
                settings.gop_s,
                settings.fragment_ms,
                first_sequence(wall_s()),
                detections,
                settings.open_timeout,
                settings.stall_after,
            ),
            self._hand_over,
            crew,
        )

    def start(self) -> None:
        """Start the camera's threads."""
        self.pipeline.start()
        self.settle()

    async def close(self, reason: EndReason) -> None:
        """Say goodbye to every viewer and stop the threads."""
        if self._closed:
            return
        self._closed = True
        self._end(reason)
        self.settle()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.handover.close()
        await asyncio.to_thread(self.pipeline.stop)

    @property
    def metadata(self) -> CameraMetadata:
        """What the camera is."""
        return self.pipeline.metadata

    @property
    def state(self) -> SourceState:
        """How its source is."""
        return self.source.state

    def request_sync(
        self,
        *,
        policy: SyncPolicy | None = None,
        tolerance_ms: float | None = None,
        max_playout_delay_ms: float | None = None,
        max_stale_fraction: float | None = None,
    ) -> None:
        """Go on with other settings of synchronisation; those that are not given stay."""
        controller = self.stream.controller
        if policy is not None:
            controller.request_policy(policy)
        if tolerance_ms is not None:
            controller.request_tolerance(tolerance_ms)
        if max_playout_delay_ms is not None:
            controller.request_max_playout_delay(max_playout_delay_ms)
        if max_stale_fraction is not None:
            controller.request_max_stale_fraction(max_stale_fraction)
        self.stream.handle_timer(monotonic_ns(), wall_s())
        self.settle()

    def inject(self, faults: Faults | None) -> None:
        """Have these faults from now on, instead of those before; None: no more faults.

        Nobody but this camera is harmed: a detector that it shares is asked as before.
        """
        self.pipeline.inject(faults or NO_FAULTS)
        wrong = self.pipeline.faults.describe()
        log.warning("camera %s: faults injected: %s", self.camera_id, wrong or "none")

    def expect_switch(self, connection_id: str) -> asyncio.Future[SwitchOutcome]:
        """Return the outcome of the switch that is asked for next on this connection."""
        self._resolve_switch(SwitchTimedOut(connection_id))  # one that still waits is given up
        self._switches[connection_id] = outcome = self._loop.create_future()
        return outcome

    def settle(self) -> None:
        """Do what the core asks for and arm its timer anew. Call after every word to it."""
        woken = False
        released: list[Released] = []
        while (event := self.stream.next_event()) is not None:
            if isinstance(event, EncodersWanted):
                self.pipeline.request_encoders(event.keys)
            elif isinstance(event, BoxDeadline):
                self.pipeline.request_box_deadline(event.deadline_ns)
            elif isinstance(event, FragmentReleased):
                released.append(event.entry)
                for observer in self.observers:
                    observer.released(event.entry.fragment, event.now_ns)
            elif isinstance(event, Wake):
                woken = True
            else:
                self._resolve_switch(event)
        if woken:
            self.audience.wake_all()
        elif released:
            self.audience.release(released)
        self._log_sync_state()
        self._arm()

    def _log_sync_state(self) -> None:
        controller = self.stream.controller
        state, before = controller.meter.state, self._sync_state
        if state is before:
            return
        self._sync_state = state
        counts = controller.counts + controller.meter.counts
        since, self._logged_counts = counts - self._logged_counts, counts
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(since.items()))
        level = logging.WARNING if state is SyncState.DEGRADED else logging.INFO
        log.log(level, "camera %s is %s; frames since: %s", self.camera_id, state, told or "none")

    def _resolve_switch(self, outcome: SwitchOutcome) -> None:
        if isinstance(outcome, SwitchDone):
            self.health.receive_switch(outcome)
        waiting = self._switches.pop(outcome.connection_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(outcome)

    def _hand_over(self, items: Sequence[PipelineEvent]) -> None:
        """Take what a thread of the camera has. That no detections will come releases nothing."""
        urgent = any(
            not isinstance(each, DetectionTimed) or each.lag_ns is not None for each in items
        )
        self.handover.put(items, urgent=urgent)

    def _receive(self, batch: list[PipelineEvent]) -> None:
        now_ns, now_s = monotonic_ns(), wall_s()
        for item in batch:
            if isinstance(item, Fragment):
                self.stream.receive_fragment(item, now_ns, now_s)
            elif isinstance(item, DetectionTimed):
                self.stream.receive_lag(item.pts, item.lag_ns, now_ns, now_s)
            elif isinstance(item, InitSegment):
                self.stream.receive_init(item)
            elif self.source.receive_change(item):
                self._tell_of_source()
            for observer in self.observers:
                observer.receive(item, now_ns)
        self.settle()

    def _arm(self) -> None:
        # A timer that is too early stays: to move it with every frame costs more than to wake once.
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
            self._tell_of_source()
        self.stream.handle_timer(now_ns, wall_s())
        self.health.check()
        self.settle()

    def _tell_of_source(self) -> None:
        status = self.source
        is_well = status.state in (SourceState.LIVE, SourceState.ENDED)
        level = logging.INFO if is_well or not status.detail else logging.WARNING
        log.log(level, "camera %s is %s: %s", self.camera_id, status.state, status.detail)
        self.stream.post(status.event())
        if status.is_over:
            self._end("source_ended")

    def _end(self, reason: EndReason) -> None:
        self.end_reason = self.end_reason or reason
        self.audience.wake_all()
