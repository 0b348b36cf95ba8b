"""Measures what each stage of a camera costs on its own pictures, one stage at a time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streamlab.camera.channel_encoder import ChannelEncoder
from streamlab.camera.frame import CapturedFrame
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.mp4.fragment import Boxes
from streamlab.core.sync.box_queue import FrameBoxes
from streamlab.core.time.keyframes import KeyframeClock
from streamlab.core.time.timebase import NS_PER_S, TIMESCALE, frame_pts
from streamlab.detect.detector import Detector
from streamlab.detect.draw import render
from streamlab.detect.render import Renderer
from streamlab.detect.tracking import BoxCarrier
from streamlab.media.picture import Picture
from streamlab.media.source import Source

WARM_FRAMES = 5
STAGES = ("decode", "detect", "track", "draw", "encode raw", "encode annotated")


@dataclass(slots=True)
class StageCosts:
    """CPU time of each stage, ms, frame by frame."""

    cpu_ms: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in STAGES})
    boxes: list[int] = field(default_factory=list)
    """Number of boxes on each frame."""

    @property
    def frames(self) -> int:
        """Number of frames measured."""
        return len(self.boxes)

    def median_ms(self, stage: str) -> float:
        """Return a stage's median cost, ms. Raises statistics.StatisticsError without frames."""
        return statistics.median(self.cpu_ms[stage])

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Measure the CPU time of the ``with`` block, over all threads of the process."""
        before_ns = time.process_time_ns()
        yield
        self.cpu_ms[stage].append((time.process_time_ns() - before_ns) / 1e6)


def measure_stages(
    source: Source, detector: Detector, renderer: Renderer, *, frames: int, within_s: float
) -> StageCosts:
    """Run a source's next pictures through all stages, as a camera does, in this thread.

    Ends after ``frames`` frames or ``within_s`` seconds. The first ``WARM_FRAMES`` frames are not
    counted, because they allocate memory. Nothing else may run in the process meanwhile. Raises
    SourceError and ModelError.
    """
    costs = StageCosts()
    bench = _Bench(source, detector, renderer)
    give_up_ns = monotonic_ns() + round(within_s * NS_PER_S)
    items = source.frames()
    while costs.frames < frames and monotonic_ns() < give_up_ns:
        warm = costs if bench.number >= WARM_FRAMES else StageCosts()
        with warm.of("decode"):
            item = next(items, None)
        if item is None:
            break
        bench.take(Picture(item.frame, bench.next_pts), warm)
    return costs


class _Bench:
    """The stages after decoding, with the state that they keep from frame to frame."""

    def __init__(self, source: Source, detector: Detector, renderer: Renderer) -> None:
        self.number = 0
        self._info = source.info
        self._detector, self._renderer = detector, renderer
        self._clock = KeyframeClock(TIMESCALE)
        self._carrier = BoxCarrier()
        self._raw, self._annotated = (
            ChannelEncoder(channel, self._info.fps, 0.0, lambda _: None) for channel in ChannelType
        )
        for encoder in (self._raw, self._annotated):
            encoder.wanted = frozenset({ChannelKey(encoder.channel, QualityLevel.MEDIUM)})

    @property
    def next_pts(self) -> int:
        """The pts of the next frame, at the source's nominal rate."""
        return frame_pts(self.number, self._info.fps)

    def take(self, picture: Picture, costs: StageCosts) -> None:
        pts, now_ns = picture.pts, monotonic_ns()
        keyframe = self._clock.receive_frame(pts, source_keyframe=False)
        duration = frame_pts(self.number + 1, self._info.fps) - pts
        captured = CapturedFrame(picture, duration, keyframe, now_ns, wall_s())
        with costs.of("detect"):
            (found,) = self._detector.detect([picture])
        with costs.of("track"):
            event = FrameBoxes(pts, found, pts)
            boxes = self._carrier.boxes_on(event, picture.width, picture.height)
        assert boxes is not None
        with costs.of("draw"):
            annotated = picture.copy()
            render(self._renderer, annotated, boxes, top_px=self._info.reserved_rows, stale=False)
        with costs.of("encode raw"):
            self._raw.encode(captured, picture, None)
        with costs.of("encode annotated"):
            rows = boxes.wire_rows()
            self._annotated.encode(captured, annotated, Boxes(pts, rows, now_ns))
        costs.boxes.append(len(boxes))
        self.number += 1
