"""The last ``WINDOW_S`` of one camera: data for its plots, and its figures as text."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from streamlab.analysis.plots import BIN_MS
from streamlab.core.stats import nearest_rank
from streamlab.core.time.timebase import NS_PER_S
from streamlab.dashboard.axes import reach, span_s
from streamlab.dashboard.health import SPAN_S, UNKNOWN, CameraRow
from streamlab.dashboard.samples import Sample
from streamlab.viewers.history import MAX_FRAMES, FrameRecord

WINDOW_S = 30.0
SLOT_S = 0.2
GAP_S = 1.0
MAX_BINS = 40
STILL_S = 3.0  # a picture that stands still for so long, and so many frames, has no figures
STILL_FRAMES = 3
SHOWN_TOLERANCES = 3  # a drift up to so many tolerances is no outlier
CHANNELS = ("raw", "annotated")
Points = dict[str, list[float]]


def points(**columns: list[float]) -> Points:
    """Return the columns as ``Points``; they must have equal lengths."""
    return columns


@dataclass(frozen=True, slots=True)
class Update:
    """The data that a sample adds to the plots. Times are seconds since the timeline began."""

    now_s: float
    within: Points
    """Drifts within the tolerance: ``time_s``, ``drift_ms``; ``beyond`` has the others."""
    beyond: Points
    lines: Points
    """Per ``SLOT_S``: ``time_s``, ``fresh_percent``, and ``…_latency_ms``, ``…_mbit_s`` by channel.

    A NaN is a gap: nothing was measured there.
    """
    span_s: float
    """How far back the data goes, rounded up to the length of an axis."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A histogram of the drift."""

    centres_ms: list[float]
    shares: list[float]
    """Percentage of all frames, by bin."""
    width_ms: float


@dataclass(slots=True)
class Timeline:
    """Keeps the frames of the last ``WINDOW_S``. Its time 0 is ``origin_ns``, monotonic."""

    origin_ns: int
    frames: deque[FrameRecord] = field(default_factory=lambda: deque(maxlen=MAX_FRAMES))
    tolerance_ms: float = 0.0
    _newest_ns: int | None = None

    def receive(self, sample: Sample) -> Update:
        """Record a sample and return the data that it adds."""
        self.tolerance_ms = sample.controls.sync_tolerance_ms
        oldest_ns = sample.now_ns - WINDOW_S * NS_PER_S
        self.frames.extend(sample.pairs)
        while self.frames and self.frames[0].captured_ns < oldest_ns:
            self.frames.popleft()
        beyond = [pair for pair in sample.pairs if _off_ms(pair) > self.tolerance_ms]
        within = [pair for pair in sample.pairs if _off_ms(pair) <= self.tolerance_ms]
        slots = [list(own) for _, own in groupby(sample.pairs, _slot)]
        return Update(
            self._time_s(sample.now_ns),
            self._drifts(within),
            self._drifts(beyond),
            self._lines(slots),
            span_s(self._measured_s(sample.now_ns)),
        )

    @property
    def drifts(self) -> Points:
        """The drifts of the window: ``time_s`` and ``drift_ms``."""
        return self._drifts(self.frames)

    @property
    def reach_ms(self) -> tuple[float, float]:
        """The ends of the drift's axis: both hold the tolerance, and all drifts but outliers."""
        drifts_ms = [pair.drift_ms or 0.0 for pair in self.frames]
        far_ms = reach(drifts_ms, SHOWN_TOLERANCES * self.tolerance_ms)
        low_ms, high_ms = -min(drifts_ms, default=0.0), max(drifts_ms, default=0.0)
        low_ms, high_ms = (max(self.tolerance_ms, min(far_ms, x)) for x in (low_ms, high_ms))
        return -low_ms, high_ms

    def spread(self, low_ms: float, high_ms: float) -> Spread:
        """Return the histogram of the drift between two limits, in about ``MAX_BINS`` at most.

        Outliers count as the last one within the limits.
        """
        width_ms = BIN_MS * math.ceil((high_ms - low_ms) / BIN_MS / MAX_BINS)
        first, last = math.floor(low_ms / width_ms), math.ceil(high_ms / width_ms)
        edges_ms = width_ms * np.arange(first, last + 1)
        drifts_ms = np.clip([pair.drift_ms or 0.0 for pair in self.frames], low_ms, high_ms)
        counts, _ = np.histogram(drifts_ms, edges_ms)
        shares = 100 * counts / max(1, len(self.frames))
        return Spread((edges_ms[:-1] + width_ms / 2).tolist(), shares.tolist(), width_ms)

    def words(self, sample: Sample, row: CameraRow) -> dict[str, str]:
        """Return the figures of the window as text, keyed by the page's names for them.

        There are none of a camera that is not live, or whose picture stands still: the reason
        stands in their place.
        """
        if not row.is_live:
            why = " ".join(row.problems) or f"The camera is {row.state}."
            return _NO_FIGURES | {"drift-more": why}
        if not self.frames:
            return _NO_FIGURES | {"drift-more": "nothing measured yet"}
        newest = self.frames[-1]
        released_ns = max(newest.raw_released_ns or 0, newest.annotated_released_ns or 0)
        still_s = (sample.now_ns - released_ns) / NS_PER_S
        if still_s > max(STILL_S, STILL_FRAMES / (row.fps or 1)):
            return _NO_FIGURES | {"drift-more": f"no frame for {still_s:.0f} s"}
        span = f"last {self._measured_s(sample.now_ns):.0f} s"
        drifts_ms = sorted(map(_off_ms, self.frames))
        beyond = sum(drift_ms > self.tolerance_ms for drift_ms in drifts_ms)
        raw, annotated = (self._mbit_s(channel, newest.captured_ns) for channel in CHANNELS)
        return {
            "drift": f"{nearest_rank(drifts_ms, 0.95):.1f} ms",
            "drift-more": f"p95, {span} · tolerance {self.tolerance_ms:g} ms · "
            f"{beyond} of {len(drifts_ms)} frames beyond · {sample.sync_state}",
            "latency": f"{_latency_ms(self.frames, 'annotated'):.0f} ms",
            "latency-more": f"median annotated, {span} · "
            f"raw {_latency_ms(self.frames, 'raw'):.0f} ms",
            **_fresh_words(row),
            "bitrate": f"{raw + annotated:.1f} Mbit/s",
            "bitrate-more": f"last second · raw {raw:.1f} · annotated {annotated:.1f}",
        }

    def _lines(self, slots: list[list[FrameRecord]]) -> Points:
        """Return a point per slot, and a NaN point at each gap of more than ``GAP_S``."""
        lines = points(time_s=[], fresh_percent=[], **{name: [] for name in _LINES})
        for slot in slots:
            at_ns = slot[-1].captured_ns
            if self._newest_ns and at_ns - self._newest_ns > GAP_S * NS_PER_S:
                _append(lines, self._time_s(self._newest_ns), {})
            self._newest_ns = at_ns
            values = {f"{channel}_latency_ms": _latency_ms(slot, channel) for channel in CHANNELS}
            values |= {f"{channel}_mbit_s": self._mbit_s(channel, at_ns) for channel in CHANNELS}
            values["fresh_percent"] = self._fresh_percent(at_ns)
            _append(lines, self._time_s(at_ns), values)
        return lines

    def _drifts(self, pairs: Collection[FrameRecord]) -> Points:
        return points(
            time_s=[self._time_s(pair.captured_ns) for pair in pairs],
            drift_ms=[pair.drift_ms or 0.0 for pair in pairs],
        )

    def _mbit_s(self, channel: str, at_ns: int) -> float:
        """Return the channel's bitrate over the second before ``at_ns``."""
        name = f"{channel}_bytes"
        return sum(getattr(pair, name) or 0 for pair in self._second_before(at_ns)) * 8e-6

    def _fresh_percent(self, at_ns: int) -> float:
        """Return the share of fresh boxes in the second before ``at_ns``; NaN without boxes."""
        found = [pair.box_age_ms for pair in self._second_before(at_ns)]
        ages_ms = [age_ms for age_ms in found if age_ms is not None]
        return 100 * ages_ms.count(0) / len(ages_ms) if ages_ms else math.nan

    def _second_before(self, at_ns: int) -> Iterator[FrameRecord]:
        for pair in reversed(self.frames):
            if pair.captured_ns <= at_ns - NS_PER_S:
                break
            if pair.captured_ns <= at_ns:
                yield pair

    def _measured_s(self, now_ns: int) -> float:
        """Return how long ago the oldest frame of the window was captured."""
        return (now_ns - self.frames[0].captured_ns) / NS_PER_S if self.frames else 0.0

    def _time_s(self, now_ns: int) -> float:
        return (now_ns - self.origin_ns) / NS_PER_S


_MEASURED = ("drift", "latency", "fresh", "bitrate")
_NO_FIGURES = dict.fromkeys(_MEASURED, UNKNOWN) | {f"{name}-more": "" for name in _MEASURED}
_LINES = [f"{channel}_{value}" for channel in CHANNELS for value in ("latency_ms", "mbit_s")]


def _fresh_words(row: CameraRow) -> dict[str, str]:
    share = row.fresh_fraction
    span = f"last {SPAN_S:g} s · target {100 * row.fresh_target:.0f} %"
    return {
        "fresh": UNKNOWN if share is None else f"{100 * share:.0f} %",
        "fresh-more": " · ".join(filter(None, [span, row.freshness_detail])),
        "fresh-why": row.freshness_detail,
    }


def _slot(pair: FrameRecord) -> int:
    return pair.captured_ns // round(SLOT_S * NS_PER_S)


def _append(lines: Points, time_s: float, values: dict[str, float]) -> None:
    for name, column in lines.items():
        column.append(time_s if name == "time_s" else values.get(name, math.nan))


def _off_ms(pair: FrameRecord) -> float:
    return abs(pair.drift_ms or 0.0)


def _latency_ms(pairs: Iterable[FrameRecord], channel: str) -> float:
    found = (getattr(pair, f"{channel}_latency_ms") for pair in pairs)
    known = sorted(latency_ms for latency_ms in found if latency_ms is not None)
    return nearest_rank(known, 0.5) if known else math.nan
