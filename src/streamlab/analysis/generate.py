"""Generates the trace of a camera with faults, from a seed.

The camera has a constant frame rate, and its detector takes only the time that the faults give.
The fields of ``Faults`` mean the same as in a running camera. In addition:

- with keyframe bursts, drawing and encoding a keyframe cost ``KEYFRAME_COST`` times as much;
- a lost frame was never captured, and has no row;
- frames that arrive during a source stall or a freeze are captured one after another when it is
  over; a freeze also holds up the work on the frame before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamlab.analysis.trace import NO_RESULT, Column, Trace, keyframes
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S, TIMESCALE
from streamlab.faults.definition import Faults
from streamlab.faults.detector import BURST_FRAMES
from streamlab.faults.presets import PRESETS
from streamlab.faults.source import BURST_SHARE

RAW_READY_MS = 2.0
COST_MS = 2.5
# A keyframe of the synthetic street has ten times the bytes of the frames between and takes twice
# as long to encode; four times as long is a burst on a shared core.
KEYFRAME_COST = 4.0
HELD_STEP_NS = NS_PER_MS  # between frames that are captured one after another

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def make_trace(
    faults: str | Faults, *, seconds: float = 600.0, fps: int = 30, seed: int | None = None
) -> Trace:
    """Return the trace of faults, or of a preset by name. The same seed gives the same trace.

    ``seed`` replaces that of the faults. Raises KeyError for an unknown preset.
    """
    what = PRESETS[faults] if isinstance(faults, str) else faults
    rng = np.random.default_rng(what.seed if seed is None else seed)
    number = np.arange(round(seconds * fps), dtype=np.int64)
    if what.lost_fraction:
        number = number[~_lost(rng, len(number), what)]
    pts = number * TIMESCALE // fps
    captured_ns = (number * NS_PER_S // fps / (1 + what.clock_ppm / 1e6)).astype(np.int64)
    needed_ms = _lags_ms(rng, captured_ns, what)
    cost_ms = COST_MS * rng.lognormal(0, 0.2, len(number))
    raw_ms = np.full(len(number), RAW_READY_MS)
    if what.stall_ms:
        needed_ms[_bursts(captured_ns, what.stall_every_s, what.stall_frames)] += what.stall_ms
    if what.keyframe_burst_ms:
        _add_keyframe_bursts(what.keyframe_burst_ms, pts, needed_ms, cost_ms, raw_ms)
    if what.source_stall_ms:
        stalled = _bursts(captured_ns, what.source_stall_every_s)
        captured_ns = _hold_up(captured_ns, stalled, what.source_stall_ms)
    if what.stalls_stages:
        slow = _bursts(captured_ns, what.stage_stall_every_s, what.stage_stall_frames)
        cost_ms[slow] += what.draw_stall_ms + what.encode_stall_ms
        raw_ms[slow] += what.encode_stall_ms
        if what.freeze_ms:
            captured_ns = _hold_up(captured_ns, slow, what.freeze_ms, needed_ms, cost_ms)
    return Trace(
        pts=pts,
        captured_ns=captured_ns,
        raw_ready_ns=_in_order(captured_ns, _ns(raw_ms)),
        result_ns=_results_ns(captured_ns, _ns(needed_ms), what),
        cost_ns=_ns(cost_ms),
    )


def _lags_ms(rng: np.random.Generator, captured_ns: Column, faults: Faults) -> Floats:
    """Return the detector's time for each frame, ms, without stalls."""

    def draw(median_ms: float) -> Floats:
        if not median_ms:
            return np.zeros(len(captured_ns))
        return rng.lognormal(np.log(median_ms), faults.lag_sigma, len(captured_ns))

    if not faults.turn_lag_median_ms:
        return draw(faults.lag_median_ms)
    other = captured_ns // round(faults.turn_s * NS_PER_S) % 2 == 1
    return np.where(other, draw(faults.turn_lag_median_ms), draw(faults.lag_median_ms))


def _bursts(captured_ns: Column, every_s: float, frames: float = 1) -> Mask:
    """Return which frames a fault hits that recurs every ``every_s``, for ``frames`` frames."""
    begins = np.arange(len(captured_ns)) == 0
    if every_s:
        begins = np.diff(captured_ns // round(every_s * NS_PER_S), prepend=0) > 0
    hit: Mask = np.convolve(begins, np.ones(round(frames)), "full")[: len(begins)] > 0
    return hit


def _lost(rng: np.random.Generator, count: int, faults: Faults) -> Mask:
    """Return which frames are lost: single frames, and bursts of geometric length."""
    lengths_mean = 1 + BURST_SHARE * (faults.lost_burst - 1)
    begins = np.flatnonzero(rng.random(count) < faults.lost_fraction / lengths_mean)
    bursts = rng.random(len(begins)) < BURST_SHARE
    lengths = np.where(bursts, rng.geometric(1 / faults.lost_burst, len(begins)), 1)
    lost = np.zeros(count, np.bool_)
    for begin, length in zip(begins.tolist(), lengths.tolist(), strict=True):
        lost[begin : begin + length] = True
    return lost


def _add_keyframe_bursts(
    extra_ms: float, pts: Column, needed_ms: Floats, cost_ms: Floats, raw_ms: Floats
) -> None:
    """Raise the cost of keyframes, and the detector's time for them and the frames behind."""
    key = keyframes(pts)
    cost_ms[key] *= KEYFRAME_COST
    raw_ms[key] *= KEYFRAME_COST
    for behind in range(BURST_FRAMES):
        needed_ms[behind:][key[: len(key) - behind]] += extra_ms


def _hold_up(captured_ns: Column, held: Mask, extra_ms: float, *work_ms: Floats) -> Column:
    """Return capture times if capture stops for ``extra_ms`` at each frame of ``held``.

    ``work_ms``: the detection and drawing times of the frames, if a freeze holds these up too;
    whichever is in progress for the frame before then takes ``extra_ms`` longer, in place.
    """
    steps_ns = HELD_STEP_NS * np.arange(len(captured_ns))
    for index in np.flatnonzero(held).tolist():
        before, begin_ns = index - 1, int(captured_ns[index])
        if work_ms and index:
            needed_ms, cost_ms = work_ms
            answered_ns = captured_ns[before] + needed_ms[before] * NS_PER_MS
            (needed_ms if answered_ns > begin_ns else cost_ms)[before] += extra_ms
        end_ns = begin_ns + round(extra_ms * NS_PER_MS)
        captured_ns = np.maximum(captured_ns, np.where(captured_ns >= begin_ns, end_ns, 0))
        captured_ns = np.maximum.accumulate(captured_ns - steps_ns) + steps_ns
    return captured_ns


def _in_order(came_ns: Column, needed_ns: Column) -> Column:
    """Return when each frame is ready from an encoder that processes one at a time."""
    work_ns = np.cumsum(needed_ns)
    ready: Column = work_ns + np.maximum.accumulate(came_ns - (work_ns - needed_ns))
    return ready


def _results_ns(captured_ns: Column, needed_ns: Column, faults: Faults) -> Column:
    """Return when each result arrives, ``NO_RESULT`` where none does."""
    if faults.detector_dead:
        return np.full(len(captured_ns), NO_RESULT, np.int64)
    return captured_ns + needed_ns if faults.parallel else _one_worker(captured_ns, needed_ns)


def _one_worker(captured_ns: Column, needed_ns: Column) -> Column:
    """Return when each result arrives: one frame is processed, and the newest other one waits."""
    result_ns = np.full(len(captured_ns), NO_RESULT, np.int64)
    free_ns, waiting = 0, -1
    for index, came_ns in enumerate(captured_ns.tolist()):
        if waiting >= 0 and free_ns <= came_ns:
            free_ns += int(needed_ns[waiting])
            result_ns[waiting] = free_ns
            waiting = -1
        if free_ns <= came_ns:
            free_ns = came_ns + int(needed_ns[index])
            result_ns[index] = free_ns
        else:
            waiting = index
    return result_ns


def _ns(values_ms: Floats) -> Column:
    return (values_ms * NS_PER_MS).astype(np.int64)
