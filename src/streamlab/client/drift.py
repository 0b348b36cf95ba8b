"""Measures drift as delivered, from the fragments that arrive at the client.

The drift of a frame is annotated minus raw, signed, in ms. It is computed from the arrival times
here, and separately from the release times that the server reports. The server's figure covers the
release only; the arrival also includes the network and a slow reader. Rules:

- each annotated channel is measured against raw separately; frames are paired by PTS, each once;
- fragments from the GOP cache arrive in one burst and are not measured;
- a frame whose PTS the other channel has passed counts as unpaired and is dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from streamlab.core.channels import ANNOTATED, RAW
from streamlab.core.stats import Quantiles, Window, quantiles
from streamlab.core.time.timebase import NS_PER_MS
from streamlab.protocol.parse import Fragment

MAX_WAITING_FRAMES = 1024
WINDOW_FRAMES = 8192


@dataclass(frozen=True, slots=True)
class DriftFigures:
    """Drift of the last frame, quantiles of absolute drift over the window, and violations so far.

    ``now_ms`` and ``size_ms`` are None until a frame was measured; ``size_ms`` also while the
    window is empty. A violation is a frame whose absolute drift exceeds the tolerance.
    """

    now_ms: float | None
    size_ms: Quantiles | None
    violations: int


class _Times(NamedTuple):
    pts: int
    arrived_ns: int
    released_at: float


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


class _Pairing:
    """Pairs the frames of one annotated channel with those of raw, and measures their drift."""

    def __init__(self, span_s: float, raw: Iterable[_Times] = ()) -> None:
        self.pairs = 0
        self.unpaired = 0
        self.arrival = _Drift(Window(span_s, WINDOW_FRAMES))
        self.release = _Drift(Window(span_s, WINDOW_FRAMES))
        self._raw = deque(raw)
        self._annotated: deque[_Times] = deque()

    def receive_raw(self, raw: _Times, tolerance_ms: float) -> None:
        annotated = self._partner(self._annotated, self._raw, raw)
        if annotated:
            self._measure(raw, annotated, tolerance_ms)

    def receive_annotated(self, annotated: _Times, tolerance_ms: float) -> None:
        raw = self._partner(self._raw, self._annotated, annotated)
        if raw:
            self._measure(raw, annotated, tolerance_ms)

    def restart(self) -> None:
        self._raw.clear()
        self._annotated.clear()

    def _partner(
        self, others: deque[_Times], waiting: deque[_Times], frame: _Times
    ) -> _Times | None:
        """Return the same frame of the other channel; queue ``frame`` if it has not arrived yet."""
        while others and others[0].pts < frame.pts:
            others.popleft()
            self.unpaired += 1
        if others and others[0].pts == frame.pts:
            return others.popleft()
        if others:  # the other channel has passed this frame
            self.unpaired += 1
            return None
        waiting.append(frame)
        if len(waiting) > MAX_WAITING_FRAMES:
            waiting.popleft()
            self.unpaired += 1
        return None

    def _measure(self, raw: _Times, annotated: _Times, tolerance_ms: float) -> None:
        self.pairs += 1
        now_ns = max(raw.arrived_ns, annotated.arrived_ns)
        arrival_ms = (annotated.arrived_ns - raw.arrived_ns) / NS_PER_MS
        self.arrival.add(arrival_ms, tolerance_ms, now_ns)
        release_ms = (annotated.released_at - raw.released_at) * 1000
        self.release.add(release_ms, tolerance_ms, now_ns)


class DeliveredDrift:
    """Measures the drift of one camera's annotated channels over the last ``span_s`` seconds.

    A frame whose absolute drift exceeds ``tolerance_ms`` is a violation.
    """

    def __init__(self, *, tolerance_ms: float = 50.0, span_s: float = 60.0) -> None:
        self.tolerance_ms = tolerance_ms
        self._span_s = span_s
        self._raw: deque[_Times] = deque(maxlen=MAX_WAITING_FRAMES)  # for later channels
        self._pairings: dict[str, _Pairing] = {}

    @property
    def channels(self) -> tuple[str, ...]:
        """The annotated channels that have delivered a frame."""
        return tuple(self._pairings)

    @property
    def pairs(self) -> int:
        """Number of frames measured, over all annotated channels."""
        return sum(pairing.pairs for pairing in self._pairings.values())

    @property
    def unpaired(self) -> int:
        """Number of frames that arrived in only one of two channels."""
        return sum(pairing.unpaired for pairing in self._pairings.values())

    def receive(self, fragment: Fragment) -> None:
        """Record a fragment on arrival."""
        if fragment.cached:
            return
        for frame in fragment.frames:
            times = _Times(frame.pts, fragment.arrived_ns, fragment.released_at)
            if fragment.channel == RAW:
                self._receive_raw(times)
            else:
                self._receive_annotated(fragment.channel, times)

    def restart(self) -> None:
        """Drop frames that wait for their counterpart, because a new timeline begins."""
        self._raw.clear()
        for pairing in self._pairings.values():
            pairing.restart()

    def arrival(self, now_ns: int, channel: str = ANNOTATED) -> DriftFigures:
        """Return the drift between the arrivals of this annotated channel and raw."""
        return self._figures_of(channel).arrival.figures(now_ns)

    def release(self, now_ns: int, channel: str = ANNOTATED) -> DriftFigures:
        """Return the drift between the releases of this annotated channel and raw."""
        return self._figures_of(channel).release.figures(now_ns)

    def _receive_raw(self, raw: _Times) -> None:
        self._raw.append(raw)
        for pairing in self._pairings.values():
            pairing.receive_raw(raw, self.tolerance_ms)

    def _receive_annotated(self, channel: str, annotated: _Times) -> None:
        if channel not in self._pairings:
            self._pairings[channel] = _Pairing(self._span_s, self._raw)
        self._pairings[channel].receive_annotated(annotated, self.tolerance_ms)

    def _figures_of(self, channel: str) -> _Pairing:
        return self._pairings.get(channel) or _Pairing(self._span_s)
