"""Which boxes are drawn on which frame of the annotated channel.

Rules:

- frames leave in order, each exactly once;
- a frame that the detector took waits for its own result, until ``deadline_ns`` after it came;
- a frame that the detector's door turned away, or whose deadline passed, leaves with the newest
  result at hand, to be carried forward: it is *stale*, and is counted by cause;
- a result that comes after its frame has left is still the newest one for the frames that wait;
- boxes never come from a frame later than the one they are drawn on;
- at most ``max_frames`` wait; when one more comes the oldest leaves stale.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FrameBoxes(Generic[T]):
    """A frame to draw now: the result to draw on it and the pts that result was computed on."""

    pts: int
    detections: T | None
    detections_pts: int | None

    @property
    def fresh(self) -> bool:
        """Whether the boxes were computed on this very frame."""
        return self.detections_pts == self.pts


class BoxQueue(Generic[T]):
    """Assigns results to frames; ``T`` is whatever a detector returns for one frame."""

    def __init__(self, *, deadline_ns: int, max_frames: int) -> None:
        self.deadline_ns = deadline_ns
        self.max_frames = max_frames
        self.peak = 0
        self.counts: Counter[str] = Counter()
        self._due_ns: dict[int, int] = {}  # waiting frames in order: pts -> deadline
        self._refused: set[int] = set()
        self._results: dict[int, T] = {}
        self._newest: tuple[int, T] | None = None
        self._events: deque[FrameBoxes[T]] = deque()

    def receive_frame(self, pts: int, now_ns: int) -> None:
        """Take a captured frame that awaits its boxes."""
        self._due_ns[pts] = now_ns + self.deadline_ns
        self.peak = max(self.peak, len(self._due_ns))
        if len(self._due_ns) > self.max_frames:
            self._emit_stale("stale_queue_full")
        self._emit_ready()

    def receive_refusal(self, pts: int) -> None:
        """Note that no result will come for this frame: the detector had no time for it."""
        if pts in self._due_ns:
            self._refused.add(pts)
            self._emit_ready()

    def receive_detections(self, pts: int, detections: T) -> None:
        """Take the result computed on the frame of this pts."""
        if pts in self._due_ns:
            self._results[pts] = detections
        else:
            self.counts["late_result"] += 1
            self._replace_newest(pts, detections)
        self._emit_ready()

    def get_timer(self) -> int | None:
        """Return when the oldest waiting frame's deadline passes, ns."""
        return next(iter(self._due_ns.values()), None)

    def handle_timer(self, now_ns: int) -> None:
        """Let the frames go whose deadline has passed."""
        while (due_ns := self.get_timer()) is not None and due_ns <= now_ns:
            self._emit_stale("stale_deadline")
            self._emit_ready()

    def next_event(self) -> FrameBoxes[T] | None:
        """Return the next frame to draw, in order of pts."""
        return self._events.popleft() if self._events else None

    def _emit_ready(self) -> None:
        while self._due_ns:
            pts = next(iter(self._due_ns))
            if pts in self._results:
                del self._due_ns[pts]
                self._refused.discard(pts)
                detections = self._results.pop(pts)
                self._replace_newest(pts, detections)
                self.counts["fresh"] += 1
                self._events.append(FrameBoxes(pts, detections, pts))
            elif pts in self._refused:
                self._emit_stale("stale_refused")
            else:
                return

    def _emit_stale(self, cause: str) -> None:
        pts = next(iter(self._due_ns))
        del self._due_ns[pts]
        self._refused.discard(pts)
        self._results.pop(pts, None)
        self.counts[cause] += 1
        boxes_pts, detections = self._newest if self._newest else (None, None)
        self._events.append(FrameBoxes(pts, detections, boxes_pts))

    def _replace_newest(self, pts: int, detections: T) -> None:
        if self._newest is None or pts > self._newest[0]:
            self._newest = (pts, detections)
