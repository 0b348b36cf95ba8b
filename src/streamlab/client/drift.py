"""How far apart the two pictures of a captured frame were delivered: measured on what came in.

Drift of a frame is annotated minus raw, signed, ms: of their arrivals here, and of the times at
which the server says it released them. The server's own figure is about the release alone; the
network and a slow reader are in the arrival too. Rules:

- frames are paired by pts, each once; what was sent from the GOP cache came as one burst and is
  not measured;
- a frame that the other channel has gone past is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.client.events import Fragment
from streamlab.core.channels import ChannelType
from streamlab.core.stats import Quantiles, Window, quantiles

NS_PER_MS = 1_000_000
MAX_WAITING_FRAMES = 1024
WINDOW_FRAMES = 8192


@dataclass(frozen=True, slots=True)
class DriftFigures:
    """Drift of the last frame, quantiles of its size over the window, and violations so far."""

    now_ms: float | None
    size_ms: Quantiles | None
    violations: int


@dataclass(slots=True)
class _Drift:
    window: Window
    now_ms: float | None = None
    violations: int = 0

    def add(self, drift_ms: float, tolerance_ms: float, now_ns: int) -> None:
        self.now_ms = drift_ms
        self.violations += abs(drift_ms) > tolerance_ms
        self.window.add(abs(drift_ms), now_ns)

    def figures(self, now_ns: int) -> DriftFigures:
        return DriftFigures(self.now_ms, quantiles(self.window.values(now_ns)), self.violations)


class DeliveredDrift:
    """Pairs the fragments of one camera's two channels."""

    def __init__(self, *, tolerance_ms: float = 50.0, span_s: float = 60.0) -> None:
        self.tolerance_ms = tolerance_ms
        self.pairs = 0
        self.unpaired = 0
        self._arrival = _Drift(Window(span_s, WINDOW_FRAMES))
        self._release = _Drift(Window(span_s, WINDOW_FRAMES))
        self._waiting: dict[int, Fragment] = {}
        self._newest_pts = {str(channel): -1 for channel in ChannelType}

    def receive(self, fragment: Fragment) -> None:
        """Take a fragment as it came in."""
        if fragment.cached or fragment.channel not in self._newest_pts:
            return
        for frame in fragment.frames:
            self._newest_pts[fragment.channel] = frame.pts
            other = self._waiting.pop(frame.pts, None)
            if other is None or other.channel == fragment.channel:
                self._waiting[frame.pts] = fragment
            else:
                self._measure(other, fragment)
        self._forget_unpaired()

    def restart(self) -> None:
        """Forget frames that wait for their other half: the timeline is another one."""
        self._waiting.clear()
        self._newest_pts = dict.fromkeys(self._newest_pts, -1)

    def arrival(self, now_ns: int) -> DriftFigures:
        """Return the figures of the arrivals."""
        return self._arrival.figures(now_ns)

    def release(self, now_ns: int) -> DriftFigures:
        """Return the figures of the releases."""
        return self._release.figures(now_ns)

    def _measure(self, first: Fragment, second: Fragment) -> None:
        raw, annotated = (first, second) if first.channel == ChannelType.RAW else (second, first)
        self.pairs += 1
        now_ns = second.arrived_ns
        arrival_ms = (annotated.arrived_ns - raw.arrived_ns) / NS_PER_MS
        self._arrival.add(arrival_ms, self.tolerance_ms, now_ns)
        release_ms = (annotated.released_at - raw.released_at) * 1000
        self._release.add(release_ms, self.tolerance_ms, now_ns)

    def _forget_unpaired(self) -> None:
        passed_pts = min(self._newest_pts.values())
        while self._waiting:
            pts = next(iter(self._waiting))
            if pts > passed_pts and len(self._waiting) <= MAX_WAITING_FRAMES:
                return
            del self._waiting[pts]
            self.unpaired += 1
