"""Records release times, sizes and detections of a camera's newest frames, while it is watched."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from streamlab.core.channels import RAW
from streamlab.core.mp4.fragment import EncodedFrame, Fragment
from streamlab.core.stream.events import FragmentReleased
from streamlab.core.time.timebase import TIMESCALE
from streamlab.viewers.event_stream import EventStream

MAX_FRAMES = 3600  # a minute at 60 fps
NS_PER_MS = 1e6


@dataclass(slots=True)
class FrameRecord:
    """One frame: when each channel released it (monotonic ns), and what it carried."""

    pts: int
    captured_ns: int
    raw_released_ns: int | None = None
    annotated_released_ns: int | None = None
    raw_bytes: int | None = None
    annotated_bytes: int | None = None
    detections_pts: int | None = None

    @property
    def drift_ms(self) -> float | None:
        """Annotated release minus raw release; None until both channels have released the frame."""
        if self.raw_released_ns is None or self.annotated_released_ns is None:
            return None
        return (self.annotated_released_ns - self.raw_released_ns) / NS_PER_MS

    @property
    def raw_latency_ms(self) -> float | None:
        """Time from capture to release in the raw channel; None until then."""
        return self._latency_ms(self.raw_released_ns)

    @property
    def annotated_latency_ms(self) -> float | None:
        """Time from capture to release in the annotated channel; None until then."""
        return self._latency_ms(self.annotated_released_ns)

    @property
    def box_age_ms(self) -> float | None:
        """Frame's pts minus that of the frame its boxes were detected on; None if there is none."""
        if self.detections_pts is None:
            return None
        return (self.pts - self.detections_pts) * 1000 / TIMESCALE

    def _latency_ms(self, released_ns: int | None) -> float | None:
        return None if released_ns is None else (released_ns - self.captured_ns) / NS_PER_MS


class FrameHistory:
    """Keeps the newest ``max_frames`` frames of a camera; the oldest is dropped first.

    A frame's times are those of its first release in each channel, whatever the quality.
    """

    def __init__(self, max_frames: int = MAX_FRAMES) -> None:
        self._max_frames = max_frames
        self._events: EventStream | None = None
        self._records: dict[int, FrameRecord] = {}
        self._pairs: deque[FrameRecord] = deque(maxlen=max_frames)
        self._pair_count = 0

    def follow(self, events: EventStream) -> None:
        """Follow a camera's events; they are read on every query and every ``check``."""
        self._events = events

    def check(self) -> None:
        """Record what was released since the last call."""
        for event in self._events.take() if self._events else ():
            if isinstance(event, FragmentReleased):
                self.receive_release(event.entry.fragment, event.now_ns)

    def close(self) -> None:
        """Stop following the camera; the records are kept."""
        self.check()
        if self._events is not None:
            self._events.close()

    def receive_release(self, fragment: Fragment, now_ns: int) -> None:
        """Record a fragment that was released at ``now_ns``."""
        for frame in fragment.frames:
            record = self._record(frame)
            before = record.drift_ms
            _fill(record, fragment.key.channel, frame, now_ns)
            if before is None and record.drift_ms is not None:
                self._pairs.append(record)
                self._pair_count += 1

    @property
    def pairs(self) -> Sequence[FrameRecord]:
        """Frames released in both channels, in the order they were completed."""
        self.check()
        return self._pairs

    @property
    def pair_count(self) -> int:
        """Number of pairs so far, including those no longer kept."""
        self.check()
        return self._pair_count

    def since(self, captured_ns: int) -> list[FrameRecord]:
        """Return the frames captured at ``captured_ns`` or later, oldest first."""
        self.check()
        return [record for record in self._records.values() if record.captured_ns >= captured_ns]

    def pairs_after(self, count: int) -> list[FrameRecord]:
        """Return the pairs that came after the first ``count``, as far as they are kept."""
        self.check()
        fresh = min(self._pair_count - count, len(self._pairs))
        return [self._pairs[index] for index in range(-fresh, 0)]

    def _record(self, frame: EncodedFrame) -> FrameRecord:
        record = self._records.get(frame.pts)
        if record is None:
            record = self._records[frame.pts] = FrameRecord(frame.pts, frame.captured_ns)
            if len(self._records) > self._max_frames:
                del self._records[next(iter(self._records))]
        return record


def _fill(record: FrameRecord, channel: str, frame: EncodedFrame, now_ns: int) -> None:
    if channel == RAW:
        if record.raw_released_ns is None:
            record.raw_released_ns, record.raw_bytes = now_ns, frame.size_bytes
    elif record.annotated_released_ns is None:
        record.annotated_released_ns, record.annotated_bytes = now_ns, frame.size_bytes
        record.detections_pts = None if frame.boxes is None else frame.boxes.detections_pts
