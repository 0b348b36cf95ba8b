"""What became of a camera's newest frames, as far as somebody watched it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from streamlab.core.channels import ChannelType
from streamlab.core.fragment import EncodedFrame, Fragment
from streamlab.core.timebase import TIMESCALE
from streamlab.pipeline.delivery import PipelineEvent

MAX_FRAMES = 3600  # a minute at 60 fps
NS_PER_MS = 1e6


@dataclass(slots=True)
class FrameRecord:
    """One frame: when it left in each channel (monotonic ns), and what it carried."""

    pts: int
    captured_ns: int
    raw_released_ns: int | None = None
    annotated_released_ns: int | None = None
    raw_bytes: int | None = None
    annotated_bytes: int | None = None
    detections_pts: int | None = None

    @property
    def drift_ms(self) -> float | None:
        """Annotated release minus raw release; None while it has left in one channel only."""
        if self.raw_released_ns is None or self.annotated_released_ns is None:
            return None
        return (self.annotated_released_ns - self.raw_released_ns) / NS_PER_MS

    @property
    def raw_latency_ms(self) -> float | None:
        """From the capture to the release of raw."""
        return self._latency_ms(self.raw_released_ns)

    @property
    def annotated_latency_ms(self) -> float | None:
        """From the capture to the release of annotated."""
        return self._latency_ms(self.annotated_released_ns)

    @property
    def box_age_ms(self) -> float | None:
        """How much older than the frame the one is that its boxes were found on."""
        if self.detections_pts is None:
            return None
        return (self.pts - self.detections_pts) * 1000 / TIMESCALE

    def _latency_ms(self, released_ns: int | None) -> float | None:
        return None if released_ns is None else (released_ns - self.captured_ns) / NS_PER_MS


class FrameHistory:
    """An ``Observer`` that keeps the newest ``max_frames``; the oldest goes first.

    A frame's times are those of its first release in each channel, whatever the quality.
    """

    def __init__(self, max_frames: int = MAX_FRAMES) -> None:
        self._max_frames = max_frames
        self._records: dict[int, FrameRecord] = {}
        self.pairs: deque[FrameRecord] = deque(maxlen=max_frames)
        """The frames that have left in both channels, in the order they were complete."""
        self.pair_count = 0
        """How many there were in all."""

    def receive(self, item: PipelineEvent, now_ns: int) -> None:
        """Take nothing: only what has left counts."""

    def released(self, fragment: Fragment, now_ns: int) -> None:
        """Take a fragment that leaves."""
        for frame in fragment.frames:
            record = self._record(frame)
            before = record.drift_ms
            _fill(record, fragment.key.channel, frame, now_ns)
            if before is None and record.drift_ms is not None:
                self.pairs.append(record)
                self.pair_count += 1

    def since(self, captured_ns: int) -> list[FrameRecord]:
        """Return the frames captured from then on, oldest first."""
        return [record for record in self._records.values() if record.captured_ns >= captured_ns]

    def pairs_after(self, count: int) -> list[FrameRecord]:
        """Return the pairs that came after the first ``count``, as far as they are kept."""
        fresh = min(self.pair_count - count, len(self.pairs))
        return [self.pairs[index] for index in range(-fresh, 0)]

    def _record(self, frame: EncodedFrame) -> FrameRecord:
        record = self._records.get(frame.pts)
        if record is None:
            record = self._records[frame.pts] = FrameRecord(frame.pts, frame.captured_ns)
            if len(self._records) > self._max_frames:
                del self._records[next(iter(self._records))]
        return record


def _fill(record: FrameRecord, channel: str, frame: EncodedFrame, now_ns: int) -> None:
    if channel == ChannelType.RAW:
        if record.raw_released_ns is None:
            record.raw_released_ns, record.raw_bytes = now_ns, frame.size_bytes
    elif record.annotated_released_ns is None:
        record.annotated_released_ns, record.annotated_bytes = now_ns, frame.size_bytes
        record.detections_pts = None if frame.boxes is None else frame.boxes.detections_pts
