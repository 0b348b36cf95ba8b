"""Estimates how many cameras a machine can run from the measured cost of one."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from streamlab.camera.detection import DetectionService
from streamlab.camera.frame import SourceChanged
from streamlab.camera.pipeline import AnnotatedChannel, CameraPipeline, PipelineSettings
from streamlab.camera.stages import StageCosts
from streamlab.core.channels import ANNOTATED, ChannelKey, ChannelType, QualityLevel, SourceState
from streamlab.core.mp4.fragment import Fragment
from streamlab.detect.detector import Detector
from streamlab.detect.draw import BoxRenderer
from streamlab.errors import SourceError
from streamlab.media.opening import open_within
from streamlab.media.source import SourceInfo
from streamlab.media.spec import SourceSpec

USABLE = 0.95
"""Share of all cores, above which frames begin to wait for each other. In worker processes on two
cores, 72 cameras of 320x180 at 10 fps held with 1.90 of them, 32 of 640x360 at 15 fps with 1.98."""
SPARSE_HZ = 1.0
WARM_S = 1.0
JOIN_TIMEOUT_S = 5.0
QUALITY = QualityLevel.MEDIUM


@dataclass(frozen=True, slots=True)
class RunningCost:
    """Cost of a camera that ran in its own threads, at its own frame rate."""

    frames: int
    """Finished frames of the annotated channel."""
    seconds: float
    cpu_s: float
    """CPU time of the whole process."""
    counts: dict[str, int]
    """The pipeline's counts in that time: ``captured``, ``fresh``, ``dropped_at_source`` etc."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many cameras like the measured one a machine can run."""

    width: int
    height: int
    fps: float
    cores: int
    stages_ms: dict[str, float]
    """Median CPU time of each stage, ms per frame."""
    cpu_ms: float
    """CPU time of the whole running camera, ms per frame."""
    fresh: float
    """Share of its frames that had detections of their own."""
    dropped: float
    """Share of its frames that were dropped at the source."""
    cameras: int
    """Number of cameras when the detector runs on every frame."""
    cameras_sparse: int
    """Number of cameras when the detector runs on ``SPARSE_HZ`` frames a second of each."""
    limit: str
    """What limits the number, as a sentence."""


def run_camera(spec: SourceSpec, detector: Detector, *, within_s: float) -> RunningCost:
    """Run a camera with both channels encoded, and measure its cost. Closes the detector.

    The detector runs on ``SPARSE_HZ`` frames a second. In one process with the camera, one that
    runs on every frame makes all else of a frame a third more expensive than it is beside others.

    Args:
        within_s: how long to measure after the warm-up; shorter if the source ends.

    Raises:
        SourceError: the source cannot be opened, or no frame was finished in that time.
    """
    service, source = DetectionService(detector, max_fps=SPARSE_HZ), open_within(spec)
    ended, finished = threading.Event(), 0

    def emit(items: Sequence[object]) -> None:
        nonlocal finished
        for item in items:
            if isinstance(item, Fragment) and item.key.channel == ANNOTATED:
                finished += 1
            elif isinstance(item, SourceChanged) and item.state is SourceState.ENDED:
                ended.set()

    pipeline = CameraPipeline(
        "bench",
        spec,
        source,
        [AnnotatedChannel(ANNOTATED, service, BoxRenderer())],
        PipelineSettings(),
        emit,
    )
    pipeline.request_encoders(frozenset(ChannelKey(channel, QUALITY) for channel in ChannelType))
    service.start()
    pipeline.start()
    try:
        ended.wait(min(WARM_S, within_s / 2))
        before, frames = pipeline.counts(), finished
        cpu_s, wall_s = time.process_time(), time.monotonic()
        ended.wait(within_s)
        cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - wall_s
        counts = {name: count - before.get(name, 0) for name, count in pipeline.counts().items()}
        frames = finished - frames
    finally:
        pipeline.stop()
        service.stop()
        service.join(JOIN_TIMEOUT_S)
    if not frames:
        raise SourceError(
            "the camera delivered no pictures while it was running", hint="Try more --seconds."
        )
    return RunningCost(frames, wall_s, cpu_s, counts)


def capacity(info: SourceInfo, costs: StageCosts, running: RunningCost, *, cores: int) -> Capacity:
    """Return how many cameras like this one ``cores`` can run, and what limits the number.

    The cost of a frame is the CPU time per frame of the running camera. The cost of the detector
    is added for frames that it had no time for, and subtracted where it runs on some frames only.

    Raises:
        SourceError: no frame was measured.
    """
    if not costs.frames:
        raise SourceError("the camera delivered too few pictures", hint="Try more --seconds.")
    stages_ms = {stage: costs.median_ms(stage) for stage in costs.cpu_ms}
    fps, detect_ms = float(info.fps), stages_ms["detect"]
    cpu_ms = running.cpu_s * 1000 / running.frames
    captured = max(1, running.counts.get("captured", 0))
    fresh = min(1.0, running.counts.get("fresh", 0) / running.frames)
    without_ms = max(0.0, cpu_ms - fresh * detect_ms)
    usable_ms = cores * 1000 * USABLE
    dense_ms = fps * (without_ms + detect_ms)
    sparse_ms = fps * without_ms + min(fps, SPARSE_HZ) * detect_ms
    return Capacity(
        width=info.width,
        height=info.height,
        fps=round(fps, 3),
        cores=cores,
        stages_ms=stages_ms,
        cpu_ms=cpu_ms,
        fresh=fresh,
        dropped=running.counts.get("dropped_at_source", 0) / captured,
        cameras=int(usable_ms / dense_ms),
        cameras_sparse=int(usable_ms / sparse_ms),
        limit=_limit(stages_ms, without_ms + detect_ms),
    )


def _limit(stages_ms: dict[str, float], all_ms: float) -> str:
    """Return a sentence that names the most expensive stage."""
    rest_ms = all_ms - sum(stages_ms.values())
    encode_ms = stages_ms["encode raw"] + stages_ms["encode annotated"]
    shares = {
        "decoding": stages_ms["decode"],
        "the detector": stages_ms["detect"],
        "following boxes": stages_ms["track"],
        "drawing": stages_ms["draw"],
        "the two encoders": encode_ms,
        "what a live camera takes besides (threads that hand over, cold caches)": rest_ms,
    }
    largest = max(shares, key=lambda name: shares[name])
    return f"What limits it is {largest}: {min(1.0, shares[largest] / all_ms):.0%} of the CPU."
