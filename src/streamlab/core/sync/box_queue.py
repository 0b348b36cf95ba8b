"""Decides which detections are drawn on which frame of an annotated channel.

Rules:

- frames leave in order, each exactly once;
- a frame that the detector accepted waits for its own result, until ``deadline_ns`` after it came;
- a frame that the detector's admission slot rejected, or whose deadline passed, leaves with the
  newest result available, to be carried forward: it is *stale*, and is counted by cause;
- a shorter deadline applies to frames that already wait, a longer one only to later frames;
- a result that arrives after its frame has left still serves as the newest one for waiting frames;
- detections never come from a frame later than the one they are drawn on;
- at most ``max_frames`` wait; when one more arrives, the oldest leaves stale.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class FrameBoxes(NamedTuple, Generic[T]):
    """A frame to draw now, the result to draw on it, and the PTS that result was computed on."""

    pts: int
    detections: T | None
    detections_pts: int | None
    due_ns: int | None = None
    """When its deadline passed; None if the frame left for any other reason."""

    @property
    def fresh(self) -> bool:
        """True if the detections were computed on this very frame."""
        return self.detections_pts == self.pts


class BoxQueue(Generic[T]):
    """Assigns detector results to frames; ``T`` is the type of a result for one frame."""

    def __init__(self, *, deadline_ns: int, max_frames: int) -> None:
        self.deadline_ns = deadline_ns
        self.max_frames = max_frames
        self.peak = 0
        self.counts: Counter[str] = Counter()
        self._waiting: dict[int, tuple[int, int]] = {}  # pts, in order -> (arrival, due)
        self._refused: set[int] = set()
        self._results: dict[int, T] = {}
        self._newest: tuple[int, T] | None = None
        self._events: deque[FrameBoxes[T]] = deque()

    def receive_frame(self, pts: int, now_ns: int) -> None:
        """Add a captured frame that waits for its detections."""
        self._waiting[pts] = (now_ns, now_ns + self.deadline_ns)
        self.peak = max(self.peak, len(self._waiting))
        if len(self._waiting) > self.max_frames:
            self._emit_stale("stale_queue_full")
            self._emit_ready()

    def receive_refusal(self, pts: int) -> None:
        """Record that no result will come for this frame: the detector had no time for it."""
        if pts in self._waiting:
            self._refused.add(pts)
            self._emit_ready()

    def receive_detections(self, pts: int, detections: T) -> None:
        """Record the result computed on the frame with this PTS."""
        if pts in self._waiting:
            self._results[pts] = detections
        else:
            self.counts["late_result"] += 1
            self._replace_newest(pts, detections)
        self._emit_ready()

    def request_deadline(self, deadline_ns: int, now_ns: int) -> None:
        """Set the deadline; frames that have already waited longer leave at once."""
        self.deadline_ns = deadline_ns
        self._waiting = {
            pts: (came_ns, min(due_ns, came_ns + deadline_ns))
            for pts, (came_ns, due_ns) in self._waiting.items()
        }
        while self._overdue(now_ns):
            self._emit_stale("stale_deadline")
            self._emit_ready()

    def get_timer(self) -> int | None:
        """Return when the deadline of the oldest waiting frame passes, ns; None if none waits."""
        for _, due_ns in self._waiting.values():
            return due_ns
        return None

    def handle_timer(self, now_ns: int) -> None:
        """Release the frames whose deadline has passed."""
        while self._overdue(now_ns):
            self._emit_stale("stale_deadline", self.get_timer())
            self._emit_ready()

    def next_event(self) -> FrameBoxes[T] | None:
        """Return the next frame to draw, in order of PTS, or None."""
        return self._events.popleft() if self._events else None

    def _overdue(self, now_ns: int) -> bool:
        due_ns = self.get_timer()
        return due_ns is not None and due_ns <= now_ns

    def _emit_ready(self) -> None:
        while self._waiting:
            pts = next(iter(self._waiting))
            if pts in self._results:
                del self._waiting[pts]
                self._refused.discard(pts)
                detections = self._results.pop(pts)
                self._replace_newest(pts, detections)
                self.counts["fresh"] += 1
                self._events.append(FrameBoxes(pts, detections, pts))
            elif pts in self._refused:
                self._emit_stale("stale_refused")
            else:
                return

    def _emit_stale(self, cause: str, due_ns: int | None = None) -> None:
        pts = next(iter(self._waiting))
        del self._waiting[pts]
        self._refused.discard(pts)
        self._results.pop(pts, None)
        self.counts[cause] += 1
        boxes_pts, detections = self._newest if self._newest else (None, None)
        self._events.append(FrameBoxes(pts, detections, boxes_pts, due_ns))

    def _replace_newest(self, pts: int, detections: T) -> None:
        if self._newest is None or pts > self._newest[0]:
            self._newest = (pts, detections)
