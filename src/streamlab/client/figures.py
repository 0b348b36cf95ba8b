"""Measures what one channel of a stream delivers: frame rate, bit rate, latency, gaps."""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.core.stats import Window, quantiles
from streamlab.protocol.parse import Fragment

SPAN_S = 2.0
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """Figures of a channel, rates and latency over the last seconds.

    Latency runs from capture to arrival, by the wall clocks of two machines.
    """

    quality: str
    fps: float
    kbit_per_s: float
    latency_ms: float | None
    """Median; None without a live fragment in the window."""
    frames: int
    """Since the start."""
    gaps: int


class ChannelMeter:
    """Measures one channel over the last ``span_s`` seconds."""

    def __init__(self, span_s: float = SPAN_S) -> None:
        self.quality = ""
        self.frames = 0
        self.bytes = 0
        self.gaps = 0
        self._span_ns = round(span_s * NS_PER_S)
        self._started_ns: int | None = None
        self._live_frames = Window(span_s)
        self._bits = Window(span_s)
        self._latencies_ms = Window(span_s)

    def receive(self, fragment: Fragment) -> None:
        """Record a fragment on arrival."""
        now_ns, count = fragment.arrived_ns, len(fragment.frames)
        self.quality = fragment.quality
        self.frames += count
        self.bytes += len(fragment.data)
        if fragment.cached:
            return  # a burst from the GOP cache shows neither the rate nor the latency
        if self._started_ns is None:
            self._started_ns = now_ns
        self._live_frames.add(count, now_ns)
        self._bits.add(8 * len(fragment.data), now_ns)
        self._latencies_ms.add((fragment.arrived_at - fragment.captured_at) * 1000, now_ns)

    def receive_gap(self) -> None:
        """Count a gap."""
        self.gaps += 1

    def figures(self, now_ns: int) -> ChannelFigures:
        """Return the figures as of ``now_ns`` (monotonic)."""
        since_ns = self._span_ns if self._started_ns is None else now_ns - self._started_ns
        span_s = max(0.5, min(self._span_ns, since_ns) / NS_PER_S)
        latency = quantiles(self._latencies_ms.values(now_ns))
        return ChannelFigures(
            self.quality,
            sum(self._live_frames.values(now_ns)) / span_s,
            sum(self._bits.values(now_ns)) / 1000 / span_s,
            latency.p50 if latency else None,
            self.frames,
            self.gaps,
        )
