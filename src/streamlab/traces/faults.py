"""Traces of faults, made by rule: what a detector does to a stream, from a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from streamlab.core.playout import NS_PER_MS
from streamlab.core.timebase import NS_PER_S, TIMESCALE
from streamlab.traces.trace import NO_RESULT, Column, Trace

RAW_READY_MS = 2.0
COST_MS = 2.5
Lags = NDArray[np.float64]
Maker = Callable[[np.random.Generator, Lags], Lags]
"""From the capture times (s) to the time that the detector needs for each frame (ms)."""


def _steady(rng: np.random.Generator, at_s: Lags) -> Lags:
    return rng.lognormal(np.log(18), 0.15, len(at_s))


def _lognormal(rng: np.random.Generator, at_s: Lags) -> Lags:
    return rng.lognormal(np.log(60), 0.5, len(at_s))


def _spikes(period_s: float, extra_ms: float) -> Maker:
    def make(rng: np.random.Generator, at_s: Lags) -> Lags:
        lags = _steady(rng, at_s)
        first = np.flatnonzero(np.diff(at_s // period_s, prepend=0) > 0)
        lags[first] += extra_ms
        return lags

    return make


def _in_turn(rng: np.random.Generator, at_s: Lags) -> Lags:
    slow = (at_s // 60) % 2 == 1
    return np.where(slow, rng.lognormal(np.log(60), 0.15, len(at_s)), _steady(rng, at_s))


def _overload(rng: np.random.Generator, at_s: Lags) -> Lags:
    return rng.lognormal(np.log(160), 0.1, len(at_s))


FAULTS: dict[str, tuple[Maker, bool]] = {
    "steady": (_steady, True),
    "lognormal": (_lognormal, False),
    "spikes 200 ms": (_spikes(10, 200), True),
    "stalls 3 s": (_spikes(60, 3000), True),
    "in turn": (_in_turn, True),
    "overload": (_overload, True),
}
"""How long the detector takes, and whether it is one worker with one place at its door."""


def make_trace(fault: str, *, seconds: float = 600.0, fps: int = 30, seed: int = 1) -> Trace:
    """Return a trace of a fault, the same for the same seed. Raises KeyError for unknown names."""
    maker, one_worker = FAULTS[fault]
    rng = np.random.default_rng(seed)
    number = np.arange(round(seconds * fps), dtype=np.int64)
    captured_ns = number * NS_PER_S // fps
    needed_ns = (maker(rng, captured_ns / NS_PER_S) * NS_PER_MS).astype(np.int64)
    result_ns = _one_worker(captured_ns, needed_ns) if one_worker else captured_ns + needed_ns
    jitter = rng.lognormal(0, 0.2, len(number))
    return Trace(
        pts=number * TIMESCALE // fps,
        captured_ns=captured_ns,
        raw_ready_ns=captured_ns + round(RAW_READY_MS * NS_PER_MS),
        result_ns=result_ns,
        cost_ns=(COST_MS * NS_PER_MS * jitter).astype(np.int64),
    )


def _one_worker(captured_ns: Column, needed_ns: Column) -> Column:
    """Return when each result comes: one frame at work, one at the door that the next replaces."""
    result_ns = np.full(len(captured_ns), NO_RESULT, np.int64)
    free_ns, at_door = 0, -1
    for index, came_ns in enumerate(captured_ns.tolist()):
        if at_door >= 0 and free_ns <= came_ns:
            free_ns += int(needed_ns[at_door])
            result_ns[at_door] = free_ns
            at_door = -1
        if free_ns <= came_ns:
            free_ns = came_ns + int(needed_ns[index])
            result_ns[index] = free_ns
        else:
            at_door = index
    return result_ns
