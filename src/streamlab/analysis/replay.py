"""Replays a trace under a policy on a virtual clock, with the code that runs live."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamlab.analysis.trace import NO_RESULT, Column, Trace
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.events import Sync
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment
from streamlab.core.sync.box_queue import BoxQueue, FrameBoxes
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.events import BoxDeadline, Release
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.sync.rule import PATIENT_NS
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S

RAW = ChannelKey(ChannelType.RAW, QualityLevel.MEDIUM)
ANNOTATED = ChannelKey(ChannelType.ANNOTATED, QualityLevel.MEDIUM)
_CAPTURED, _RAW_READY, _REFUSED, _RESULT = range(4)  # at the same time, in this order
FOREVER_NS = 1 << 62
MAX_WAITING_FRAMES = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of each frame of a trace; ``NO_RESULT`` where it was never released.

    Times are ns on the trace's clock. ``detections_pts`` is ``NO_RESULT`` for a frame without
    boxes.
    """

    trace: Trace
    raw_released_ns: Column
    annotated_released_ns: Column
    detections_pts: Column
    reports: tuple[tuple[int, Sync], ...] = ()
    """When the controller reported something, ns, and what, in order."""

    @property
    def drift_ms(self) -> NDArray[np.float64]:
        """Drift of each frame that was released in both channels, ms."""
        both = (self.raw_released_ns >= 0) & (self.annotated_released_ns >= 0)
        return (self.annotated_released_ns - self.raw_released_ns)[both] / NS_PER_MS

    @property
    def added_latency_ms(self) -> NDArray[np.float64]:
        """How long each raw frame waited after it was ready, ms."""
        left = self.raw_released_ns >= 0
        return (self.raw_released_ns - self.trace.raw_ready_ns)[left] / NS_PER_MS

    @property
    def fresh(self) -> NDArray[np.bool_]:
        """True for each frame that was drawn with its own detections."""
        return np.equal(self.detections_pts, self.trace.pts)

    def violations(self, tolerance_ms: float) -> float:
        """Return the share of ``drift_ms`` whose magnitude exceeds the tolerance."""
        return float((np.abs(self.drift_ms) > tolerance_ms).mean())


def replay(
    trace: Trace,
    policy: SyncPolicy,
    *,
    sync_tolerance_ms: float = 50.0,
    max_playout_delay_ms: float = 250.0,
    max_stale_fraction: float = 0.2,
) -> Outcome:
    """Simulate the frames of a trace under a policy."""
    return _Run(
        trace,
        SyncController(
            tolerance_ms=sync_tolerance_ms,
            check_interval_ns=NS_PER_S,
            max_violations=10,
            now_ns=int(trace.captured_ns[0]),
            policy=policy,
            max_playout_delay_ms=max_playout_delay_ms,
            max_stale_fraction=max_stale_fraction,
        ),
    ).run()


class _Run:
    """One replay: external events in order of time, everything else as in a camera."""

    def __init__(self, trace: Trace, controller: SyncController) -> None:
        self.trace = trace
        self.controller = controller
        self.boxes: BoxQueue[int] = BoxQueue(deadline_ns=PATIENT_NS, max_frames=MAX_WAITING_FRAMES)
        self.pts: list[int] = trace.pts.tolist()
        self.captured_ns: list[int] = trace.captured_ns.tolist()
        self.cost_ns: list[int] = trace.cost_ns.tolist()
        self.index = {pts: index for index, pts in enumerate(self.pts)}
        self.raw_ns, self.annotated_ns, self.boxes_pts = (
            [NO_RESULT] * len(trace) for _ in range(3)
        )
        self.reports: list[tuple[int, Sync]] = []
        self.encoding: deque[Fragment] = deque()  # annotated, in order of being ready
        self.encoder_free_ns = self.now_ns = 0
        self.due_ns = FOREVER_NS  # of the next event that follows from earlier ones

    def run(self) -> Outcome:
        """Run the replay and return the outcome."""
        for now_ns, kind, index in _happenings(self.trace):
            while self.due_ns < now_ns:
                self._step()
            self.now_ns = now_ns
            if kind == _CAPTURED:
                self.boxes.receive_frame(self.pts[index], now_ns)
            elif kind == _RAW_READY:
                fragment = self._fragment(RAW, index, now_ns, None)
                self.controller.receive_fragment(fragment, now_ns)
            elif kind == _RESULT:
                self._receive_result(index, now_ns)
            else:
                self.controller.receive_lag(ANNOTATED.channel, self.pts[index], None, now_ns)
                self.boxes.receive_refusal(self.pts[index])
            self._settle(now_ns)
        while self.encoding or self.controller.waiting or self.boxes.get_timer() is not None:
            self._step()
        raw, annotated, boxes = (
            np.array(column, np.int64)
            for column in (self.raw_ns, self.annotated_ns, self.boxes_pts)
        )
        return Outcome(self.trace, raw, annotated, boxes, tuple(self.reports))

    def _step(self) -> None:
        """Advance to the next due event, an encoded picture before a timer, and process it."""
        self.now_ns = now_ns = max(self.now_ns, self.due_ns)
        if self.encoding and self.encoding[0].ready_ns <= now_ns:
            self.controller.receive_fragment(self.encoding.popleft(), now_ns)
        else:
            self.boxes.handle_timer(now_ns)
            self.controller.handle_timer(now_ns)
        self._settle(now_ns)

    def _receive_result(self, index: int, now_ns: int) -> None:
        pts = self.pts[index]
        self.controller.receive_lag(
            ANNOTATED.channel, pts, now_ns - self.captured_ns[index], now_ns
        )
        self.boxes.receive_detections(pts, pts)

    def _settle(self, now_ns: int) -> None:
        while (event := self.controller.next_event()) is not None:
            if isinstance(event, Release):
                key, index = event.fragment.key, event.fragment.sequence
                (self.raw_ns if key is RAW else self.annotated_ns)[index] = now_ns
            elif isinstance(event, BoxDeadline):
                self.boxes.request_deadline(event.deadline_ns, now_ns)
            else:
                self.reports.append((now_ns, event))
        while (frame := self.boxes.next_event()) is not None:
            self._encode(frame, now_ns)
        due_ns, boxes_ns = self.controller.get_timer(), self.boxes.get_timer()
        if boxes_ns is not None and boxes_ns < due_ns:
            due_ns = boxes_ns
        if self.encoding and self.encoding[0].ready_ns < due_ns:
            due_ns = self.encoding[0].ready_ns
        self.due_ns = due_ns

    def _encode(self, frame: FrameBoxes[int], now_ns: int) -> None:
        index = self.index[frame.pts]
        if frame.detections_pts is not None:
            self.boxes_pts[index] = frame.detections_pts
        started_ns = max(now_ns, self.encoder_free_ns)
        self.encoder_free_ns = started_ns + self.cost_ns[index]
        decided_ns = started_ns if frame.due_ns is None else frame.due_ns
        boxes = Boxes(frame.detections_pts, [], decided_ns)
        self.encoding.append(self._fragment(ANNOTATED, index, self.encoder_free_ns, boxes))

    def _fragment(
        self, key: ChannelKey, index: int, ready_ns: int, boxes: Boxes | None
    ) -> Fragment:
        captured_ns = self.captured_ns[index]
        frame = EncodedFrame(self.pts[index], 1, False, 0, captured_ns, 0.0, ready_ns, boxes)
        return Fragment(key, index, "", (frame,), b"")


def _happenings(trace: Trace) -> Iterator[tuple[int, int, int]]:
    """Return the time, kind and frame index of each external event, in order of time."""
    count = len(trace)
    next_ns = np.append(trace.captured_ns[1:], trace.captured_ns[-1:])
    refused = trace.result_ns == NO_RESULT  # by the next frame, which takes the slot
    at_ns = np.concatenate(
        [trace.captured_ns, trace.raw_ready_ns, np.where(refused, next_ns, trace.result_ns)]
    )
    kinds = np.repeat([_CAPTURED, _RAW_READY, _RESULT], count)
    kinds[2 * count :][refused] = _REFUSED
    indices = np.tile(np.arange(count), 3)
    order = np.lexsort((indices, kinds, at_ns))
    return zip(*(column[order].tolist() for column in (at_ns, kinds, indices)), strict=True)
