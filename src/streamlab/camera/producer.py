"""A camera at work beside its sync controller: the side of the seam where frames are.

The other side, where viewers are, gets the events of a producer in batches, and asks for encoders
and changes. No clock crosses the seam: when a fragment is released is decided here.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from streamlab.camera.channel_health import ChannelStates, channel_states
from streamlab.camera.delivery import PipelineEvent
from streamlab.camera.detection import DetectionService
from streamlab.camera.frame import DetectionTimed, SourceChanged
from streamlab.camera.handover import Handover
from streamlab.camera.native_code import UNNOTED, NativeCode
from streamlab.camera.pipeline import AnnotatedChannel, CameraPipeline, PipelineSettings
from streamlab.camera.producer_status import ProducerStatus
from streamlab.camera.source_status import SourceStatus
from streamlab.camera.worker_pool import WorkerPool
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import ChannelKey, SyncState
from streamlab.core.events import Sync
from streamlab.core.mp4.fragment import Fragment
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.events import Release
from streamlab.core.sync.rule import Policy
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.detector import Detector
from streamlab.detect.render import Renderer
from streamlab.faults.definition import Faults
from streamlab.loop_timer import LoopTimer
from streamlab.media.source import Source
from streamlab.media.spec import SourceSpec
from streamlab.protocol.status import SyncFigures
from streamlab.settings import Settings

log = logging.getLogger(__name__)
MAX_HANDOVER_ITEMS = 256
JOIN_TIMEOUT_S = 1.0


class ReleaseBatch(NamedTuple):
    """Fragments of all channels that are released together, in order."""

    fragments: Sequence[Fragment]
    released_at: float
    """Unix seconds."""


class HealthChanged(NamedTuple):
    """The states of parts of these channels have changed; none at the first check."""

    channels: Sequence[str]


class SyncStateChanged(NamedTuple):
    """The worst state of the annotated channels is another one."""

    state: SyncState


ProducerEvent = PipelineEvent | ReleaseBatch | Sync | HealthChanged | SyncStateChanged


class CameraProducer:
    """Runs a pipeline and its sync controller in the event loop that it is created in.

    ``receive`` is called in that loop with new events, in order: init segments, released
    fragments, and changes of the source, of health and of synchronisation; while the camera is
    observed, finished fragments and the timings of detections as well.
    """

    worker = None
    """The camera runs in this process."""

    def __init__(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: Source | None,
        channels: Sequence[AnnotatedChannel],
        settings: Settings,
        pool: WorkerPool | None,
        first_sequence: int,
        receive: Callable[[Sequence[ProducerEvent]], None],
        native: NativeCode = UNNOTED,
    ) -> None:
        """Create the pipeline; ``start`` starts it.

        Args:
            camera_id: for logs and for the names of threads.
            spec: where the pictures come from.
            source: the source, if it is open already.
            channels: the annotated channels.
            settings: of the camera.
            pool: the threads that draw and encode; None: the pool that the process shares.
            first_sequence: of every channel and quality.
            receive: takes the events.
            native: notes which native code runs.
        """
        self.camera_id = camera_id
        self._receive_events = receive
        self._source = SourceStatus(is_open=source is not None)
        self._wanted: frozenset[ChannelKey] = frozenset()
        self._states: dict[str, ChannelStates] = {}
        self._sync_state = SyncState.SYNCHRONIZED
        self._logged_counts: Counter[str] = Counter()
        self._events: list[ProducerEvent] = []
        self._is_observed = False
        self._handover: Handover[PipelineEvent] = Handover(
            asyncio.get_running_loop(), self._receive, MAX_HANDOVER_ITEMS
        )
        self._controller = SyncController(
            tolerance_ms=settings.sync_tolerance_ms,
            check_interval_ns=round(settings.sync_check_interval * NS_PER_S),
            max_violations=settings.max_sync_violations,
            now_ns=monotonic_ns(),
            policy=settings.sync_policy,
            max_playout_delay_ms=settings.max_playout_delay_ms,
            max_stale_fraction=settings.max_stale_fraction,
            annotated=[channel.name for channel in channels],
        )
        self._pipeline = CameraPipeline(
            camera_id,
            spec,
            source,
            channels,
            PipelineSettings(
                settings.gop_s,
                settings.fragment_ms,
                first_sequence,
                settings.open_timeout,
                settings.stall_after,
                settings.max_redaction_age_ms,
            ),
            self.hand_over,
            pool,
            native,
        )
        self.status = ProducerStatus(
            self._pipeline, self._controller, self._handover, settings.max_detection_fps
        )
        self._timer = LoopTimer(self._controller.get_timer, self._on_timer)

    def start(self) -> None:
        """Start the pipeline's threads."""
        self._pipeline.start()
        self._send()

    def close(self) -> None:
        """Send no more events; the threads run until ``stop``."""
        self._timer.close()
        self._handover.close()

    async def stop(self) -> None:
        """Stop the threads, and wait until they have ended, for a second at most each."""
        await asyncio.to_thread(self._pipeline.stop)

    def abandon(self) -> None:
        """Stop the threads at the end of the process, when no new thread can be started."""
        self._pipeline.stop()
        for annotator in self._pipeline.annotators.values():
            annotator.service.stop()
            annotator.service.join(JOIN_TIMEOUT_S)

    def request_encoders(self, wanted: frozenset[ChannelKey]) -> None:
        """Run exactly these encoders."""
        before, self._wanted = self._wanted, wanted
        self._pipeline.request_encoders(wanted)
        for channel in {key.channel for key in before} - {key.channel for key in wanted}:
            self._controller.request_restart(channel)

    def request_sync(
        self,
        *,
        policy: Policy | None = None,
        tolerance_ms: float | None = None,
        max_playout_delay_ms: float | None = None,
        max_stale_fraction: float | None = None,
    ) -> None:
        """Change how the channels are kept together; None changes nothing."""
        controller = self._controller
        if policy is not None:
            controller.request_policy(policy)
        if tolerance_ms is not None:
            controller.request_tolerance(tolerance_ms)
        if max_playout_delay_ms is not None:
            controller.request_max_playout_delay(max_playout_delay_ms)
        if max_stale_fraction is not None:
            controller.request_max_stale_fraction(max_stale_fraction)
        controller.handle_timer(monotonic_ns())
        self._send()

    def request_detector(self, channel: str, service: DetectionService) -> None:
        """Detect with this service on a channel from the next frame on."""
        self._pipeline.request_detector(channel, service)

    def request_renderer(self, channel: str, renderer: Renderer) -> None:
        """Draw a channel with this renderer from the next frame on."""
        self._pipeline.request_renderer(channel, renderer)

    def request_observation(self, *, observed: bool) -> None:
        """Send finished fragments and the timings of detections, too, while this is True."""
        self._is_observed = observed

    def inject(self, faults: Faults) -> None:
        """Inject these faults from the next frame on, instead of the previous ones."""
        self._pipeline.inject(faults)

    def detector(self, channel: str) -> Detector:
        """Return the detector of an annotated channel."""
        return self._pipeline.annotators[channel].service.detector

    def renderer(self, channel: str) -> Renderer:
        """Return the renderer of an annotated channel."""
        return self._pipeline.annotators[channel].renderer

    async def sync_figures(self, window_s: float) -> SyncFigures:
        """Return the synchronisation measured over the last ``window_s`` seconds."""
        return self.status.sync_figures(window_s)

    def hand_over(self, items: Sequence[PipelineEvent]) -> None:
        """Pass items from a thread of the pipeline to the event loop.

        A notice that a frame gets no detections is not urgent: it releases nothing.
        """
        urgent = any(
            not isinstance(each, DetectionTimed) or each.lag_ns is not None for each in items
        )
        self._handover.put(items, urgent=urgent)

    def _receive(self, batch: Iterable[PipelineEvent]) -> None:
        now_ns = monotonic_ns()
        for item in batch:
            if self._is_observed or not isinstance(item, Fragment | DetectionTimed):
                self._events.append(item)
            if isinstance(item, Fragment):
                self._controller.receive_fragment(item, now_ns)
            elif isinstance(item, DetectionTimed):
                self._controller.receive_lag(item.channel, item.pts, item.lag_ns, now_ns)
            elif isinstance(item, SourceChanged):
                self._source.receive_change(item)
        self._send()

    def _on_timer(self) -> None:
        now_ns = monotonic_ns()
        change = self._pipeline.check_source(now_ns)
        if change is not None and self._source.receive_check(change):
            self._events.append(change)
        self._controller.handle_timer(now_ns)
        self._check_health()
        self._send()

    def _drain_controller(self) -> None:
        released: list[Fragment] = []
        while (event := self._controller.next_event()) is not None:
            if isinstance(event, Release):
                released.append(event.fragment)
            elif isinstance(event, Sync):
                self._events.append(event)
            else:
                self._pipeline.request_box_deadline(event.channel, event.deadline_ns)
        if released:
            self._events.append(ReleaseBatch(released, wall_s()))

    def _check_health(self) -> None:
        """Report channels whose states have changed; fast enough for every timer."""
        before = self._states
        self._states = {
            name: channel_states(self.status, name) for name in self._controller.channels
        }
        if before != self._states:
            changed = [name for name in before if before[name] != self._states[name]]
            self._events.append(HealthChanged(changed))

    def _send(self) -> None:
        """Apply what the controller asks for, and pass on what is new; due after every change."""
        self._drain_controller()
        self._check_sync_state()
        events, self._events = self._events, []
        if events:
            self._receive_events(events)
        self._timer.arm()

    def _check_sync_state(self) -> None:
        state, before = self._controller.state, self._sync_state
        if state is before:
            return
        self._sync_state = state
        counts = self._controller.counts + self._controller.meter.counts
        since, self._logged_counts = counts - self._logged_counts, counts
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(since.items()))
        level = logging.WARNING if state is SyncState.DEGRADED else logging.INFO
        log.log(level, "camera %s is %s; frames since: %s", self.camera_id, state, told or "none")
        self._events.append(SyncStateChanged(state))
