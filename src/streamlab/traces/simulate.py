"""Replays a trace under a policy on a virtual clock, by the very code that runs live."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamlab.core.box_queue import BoxQueue
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.fragment import Boxes, EncodedFrame, Fragment
from streamlab.core.playout import NS_PER_MS, PATIENT_NS, SyncPolicy
from streamlab.core.sync import BoxDeadline, Release, SyncController
from streamlab.core.timebase import NS_PER_S
from streamlab.traces.trace import NO_RESULT, Column, Trace

RAW = ChannelKey(ChannelType.RAW, QualityLevel.MEDIUM)
ANNOTATED = ChannelKey(ChannelType.ANNOTATED, QualityLevel.MEDIUM)
_CAPTURED, _RAW_READY, _REFUSED, _RESULT, _ANNOTATED_READY = range(5)
MAX_WAITING_FRAMES = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each frame of a trace; ``NO_RESULT`` where it never left.

    Times are ns on the trace's clock. ``detections_pts`` is ``NO_RESULT`` for a frame without
    boxes.
    """

    trace: Trace
    raw_released_ns: Column
    annotated_released_ns: Column
    detections_pts: Column

    @property
    def drift_ms(self) -> NDArray[np.float64]:
        """Drift of each frame that left in both channels, ms."""
        both = (self.raw_released_ns >= 0) & (self.annotated_released_ns >= 0)
        return (self.annotated_released_ns - self.raw_released_ns)[both] / NS_PER_MS

    @property
    def added_latency_ms(self) -> NDArray[np.float64]:
        """How long each raw frame waited after it was ready, ms."""
        left = self.raw_released_ns >= 0
        return (self.raw_released_ns - self.trace.raw_ready_ns)[left] / NS_PER_MS

    @property
    def fresh(self) -> NDArray[np.bool_]:
        """Whether each frame was drawn with boxes of its own."""
        return np.equal(self.detections_pts, self.trace.pts)

    def violations(self, tolerance_ms: float) -> float:
        """Return the share of frames that drifted beyond the tolerance."""
        return float((np.abs(self.drift_ms) > tolerance_ms).mean())


def simulate(
    trace: Trace,
    policy: SyncPolicy,
    *,
    sync_tolerance_ms: float = 50.0,
    max_playout_delay_ms: float = 250.0,
    max_stale_fraction: float = 0.2,
) -> Outcome:
    """Return what would have become of the frames of a trace."""
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
    """One replay: the events of the outside world in a heap, everything else as in a camera."""

    def __init__(self, trace: Trace, controller: SyncController) -> None:
        self.trace = trace
        self.controller = controller
        self.boxes: BoxQueue[int] = BoxQueue(deadline_ns=PATIENT_NS, max_frames=MAX_WAITING_FRAMES)
        self.pts = trace.pts.tolist()
        self.captured_ns = trace.captured_ns.tolist()
        self.raw_ready_ns = trace.raw_ready_ns.tolist()
        self.result_ns = trace.result_ns.tolist()
        self.cost_ns = trace.cost_ns.tolist()
        self.index = {pts: index for index, pts in enumerate(self.pts)}
        self.left = {key.channel: [NO_RESULT] * len(trace) for key in (RAW, ANNOTATED)}
        self.boxes_pts = [NO_RESULT] * len(trace)
        self.heap: list[tuple[int, int, int]] = []
        self.encoder_free_ns = 0

    def run(self) -> Outcome:
        """Return what became of the frames."""
        count, following = len(self.pts), 0
        while following < count or self.heap:
            now_ns = self._next_ns(following)
            timers = (self.boxes.get_timer(), self.controller.get_timer())
            due_ns = min((timer for timer in timers if timer is not None), default=now_ns)
            if due_ns < now_ns:
                self.boxes.handle_timer(due_ns)
                self._draw(due_ns)
                self.controller.handle_timer(due_ns)
                self._settle(due_ns)
            elif following < count and now_ns == self.captured_ns[following]:
                self._capture(following, now_ns)
                following += 1
            else:
                _, kind, index = heapq.heappop(self.heap)
                self._happen(kind, index, now_ns)
        return self._finish()

    def _next_ns(self, following: int) -> int:
        if following >= len(self.pts):
            return self.heap[0][0]
        captured_ns: int = self.captured_ns[following]
        return min(captured_ns, self.heap[0][0]) if self.heap else captured_ns

    def _capture(self, index: int, now_ns: int) -> None:
        self.boxes.receive_frame(self.pts[index], now_ns)
        heapq.heappush(self.heap, (self.raw_ready_ns[index], _RAW_READY, index))
        result_ns = self.result_ns[index]
        if result_ns != NO_RESULT:
            heapq.heappush(self.heap, (result_ns, _RESULT, index))
        else:  # replaced at the detector's door by the next frame
            later_ns = self.captured_ns[min(index + 1, len(self.pts) - 1)]
            heapq.heappush(self.heap, (max(now_ns, later_ns), _REFUSED, index))
        self._draw(now_ns)

    def _happen(self, kind: int, index: int, now_ns: int) -> None:
        pts = self.pts[index]
        if kind == _RAW_READY:
            self.controller.receive_fragment(self._fragment(RAW, index, now_ns, None), now_ns)
        elif kind == _ANNOTATED_READY:
            boxes_pts = self.boxes_pts[index]
            decided_ns = now_ns - self.cost_ns[index]
            boxes = Boxes(None if boxes_pts == NO_RESULT else boxes_pts, [], decided_ns)
            self.controller.receive_fragment(
                self._fragment(ANNOTATED, index, now_ns, boxes), now_ns
            )
        elif kind == _RESULT:
            self.controller.receive_lag(pts, now_ns - self.captured_ns[index], now_ns)
            self.boxes.receive_detections(pts, pts)
        else:
            self.controller.receive_lag(pts, None, now_ns)
            self.boxes.receive_refusal(pts)
        self._draw(now_ns)
        self._settle(now_ns)

    def _draw(self, now_ns: int) -> None:
        while (event := self.boxes.next_event()) is not None:
            index = self.index[event.pts]
            if event.detections_pts is not None:
                self.boxes_pts[index] = event.detections_pts
            ready_ns = max(now_ns, self.encoder_free_ns) + self.cost_ns[index]
            self.encoder_free_ns = ready_ns
            heapq.heappush(self.heap, (ready_ns, _ANNOTATED_READY, index))

    def _settle(self, now_ns: int) -> None:
        while (event := self.controller.next_event()) is not None:
            if isinstance(event, Release):
                fragment = event.fragment
                self.left[fragment.key.channel][fragment.sequence] = now_ns
            elif isinstance(event, BoxDeadline):
                self.boxes.deadline_ns = event.deadline_ns

    def _fragment(self, key: ChannelKey, index: int, now_ns: int, boxes: Boxes | None) -> Fragment:
        frame = EncodedFrame(
            self.pts[index], 1, False, b"", self.captured_ns[index], 0.0, now_ns, boxes
        )
        return Fragment(key, index, "", (frame,), b"")

    def _finish(self) -> Outcome:
        now_ns = self.controller.get_timer()
        while any(NO_RESULT in left for left in self.left.values()) and now_ns is not None:
            self.controller.handle_timer(now_ns)
            self.boxes.handle_timer(now_ns)
            self._settle(now_ns)
            self._draw(now_ns)
            if not self.heap and not self.controller.waiting:
                break
            while self.heap:
                ready_ns, kind, index = heapq.heappop(self.heap)
                self._happen(kind, index, max(now_ns, ready_ns))
            now_ns = self.controller.get_timer()
        raw, annotated = (np.array(left, np.int64) for left in self.left.values())
        return Outcome(self.trace, raw, annotated, np.array(self.boxes_pts, np.int64))
