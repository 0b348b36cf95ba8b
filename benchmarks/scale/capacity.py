"""How many cameras hold their rate and stay in step."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scale.host import Clock, Host, hosting
from benchmarks.scale.watch import Delivered
from streamlab.core.stats import quantiles

TOLERANCE_S = 0.050
KEEPS_RATE, MOST_VIOLATIONS, LEAST_DETECTIONS_FPS = 0.99, 0.001, 1.0
DETECTION_FPS = 1.25  # what each camera is given: a little more than is asked of it
SETTLE_S = 10.0  # the controllers learn what a frame costs on a machine so full
OUTSIDE = ("viewers", "others")
TRAIL_S = 0.5  # what was captured at the very end is still on its way


@dataclass(frozen=True, slots=True)
class Step:
    """What so many cameras delivered."""

    cameras: int
    fps: int
    rate: float
    """Frames that came, of those that should have, on the channel that got the fewest."""
    worst: float
    """The same of the one camera and channel that got the fewest."""
    violations: float
    """Share of frames whose two channels left more than 50 ms apart, or of which one is missing."""
    detections_fps: float
    """Results a second that were drawn, of the camera that got the fewest."""
    delay_p50_ms: float
    delay_p95_ms: float
    delay_p99_ms: float
    """From capture to a viewer's having it."""
    cpu: Clock
    """CPU by kind of thread, cores."""

    @property
    def holds(self) -> bool:
        """Whether all hold their rate, both channels together, each with its share of results."""
        together = self.rate >= KEEPS_RATE and self.violations < MOST_VIOLATIONS
        return together and self.detections_fps >= LEAST_DETECTIONS_FPS

    @property
    def server_cores(self) -> float:
        """CPU of the server, cores."""
        return sum(used for name, used in self.cpu.items() if name not in OUTSIDE)

    @property
    def frame_ms(self) -> Clock:
        """CPU of a camera's frame by kind of thread of the server, ms."""
        inside = {name: used for name, used in self.cpu.items() if name not in OUTSIDE}
        return {name: used * 1000 / (self.cameras * self.fps) for name, used in inside.items()}


def take_step(host: Host, fps: int, seconds: float) -> Step:
    """Watch the cameras that a host has."""
    frames, before, after = host.watch(seconds)
    until_s = max((frame.captured_at for frame in frames), default=0.0) - TRAIL_S
    span_s = seconds - 2 * TRAIL_S
    counted = [frame for frame in frames if until_s - span_s <= frame.captured_at < until_s]
    shares = _shares(counted, host, fps * span_s)
    delays = quantiles([(frame.arrived_at - frame.captured_at) * 1000 for frame in counted])
    return Step(
        host.cameras,
        fps,
        rate=min(sum(of) / host.cameras for of in shares.values()),
        worst=min(min(of) for of in shares.values()),
        violations=_violations(counted),
        detections_fps=_fewest_detections(counted, host.cameras) / span_s,
        delay_p50_ms=delays.p50 if delays else 0.0,
        delay_p95_ms=delays.p95 if delays else 0.0,
        delay_p99_ms=delays.p99 if delays else 0.0,
        cpu={name: (after[name] - before.get(name, 0.0)) / seconds for name in after},
    )


def _shares(frames: Iterable[Delivered], host: Host, expected: float) -> dict[str, list[float]]:
    """Return the share of its frames that each camera delivered, by channel."""
    counts = {channel: dict.fromkeys(host.names, 0) for channel in host.channels}
    for frame in frames:
        if frame.camera_id in counts[frame.channel]:
            counts[frame.channel][frame.camera_id] += 1
    return {channel: [count / expected for count in of.values()] for channel, of in counts.items()}


def _violations(frames: Iterable[Delivered]) -> float:
    released: dict[tuple[str, int], list[float]] = defaultdict(list)
    channels = set()
    for frame in frames:
        channels.add(frame.channel)
        released[frame.camera_id, frame.pts].append(frame.released_at)
    if len(channels) < 2:
        return 0.0
    apart = sum(len(at) < 2 or max(at) - min(at) > TOLERANCE_S for at in released.values())
    return apart / len(released)


def _fewest_detections(frames: Iterable[Delivered], cameras: int) -> int:
    results: dict[str, set[int]] = defaultdict(set)
    for frame in frames:
        if frame.detections_pts is not None:
            results[frame.camera_id].add(frame.detections_pts)
    return min(map(len, results.values())) if len(results) >= cameras else 0


def ramp(
    source: Path,
    fps: int,
    counts: Sequence[int],
    seconds: float,
    *,
    channel: str = "both",
    raw: str = "medium",
    workers: str = "auto",
) -> list[Step]:
    """Add cameras to one server step by step, until three steps in a row do not hold."""
    steps: list[Step] = []
    asked = {"max_detection_fps": str(DETECTION_FPS), "workers": workers}
    with hosting(source, channel=channel, raw=raw, settings=asked) as host:
        for cameras in counts:
            host.grow(cameras)
            time.sleep(SETTLE_S)
            steps.append(take_step(host, fps, seconds))
            if len(steps) > 2 and not any(step.holds for step in steps[-3:]):
                break
    return steps


def most(steps: Iterable[Step]) -> int:
    """Return the most cameras that held."""
    return max((step.cameras for step in steps if step.holds), default=0)
