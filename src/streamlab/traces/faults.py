"""Traces of faults, made by rule: what can happen to a stream, from a seed.

Each fault is a camera at a constant rate and a detector; most differ in the detector alone. The
faults of the camera's side come on top of a steady detector:

- *keyframe bursts*: a keyframe is several times the size of other frames, so encoding it, in
  both channels, takes that much longer, and the detector, which shares the cores and waits for
  the picture, is slower for the frames right behind it;
- *lost frames*: the camera or the network drops frames, single ones and bursts; a lost frame was
  never captured, it has no row;
- *fast clock*: the camera's clock, which makes the pts, gains 200 ppm on this machine's: each frame
  comes 200 ppm sooner than its pts says, a day's last 17 s;
- *slow drawing*, *slow encoder*: once a minute three frames take 0.4 s longer to draw, or to encode
  in either channel; the frames behind them queue;
- *frozen process*: once a minute nothing runs for 2 s: what was to happen meanwhile happens then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streamlab.core.timebase import NS_PER_MS, NS_PER_S, TIMESCALE
from streamlab.traces.trace import NO_RESULT, Column, Trace, keyframes

RAW_READY_MS = 2.0
COST_MS = 2.5
# A keyframe of the synthetic street has ten times the bytes of the frames between and takes twice
# as long to encode; four times is a burst on a core that others use as well.
KEYFRAME_COST = 4.0
BURST_FRAMES = 5
BURST_LAG_MS = 60.0
# One loss in four begins a burst, of a third of a second in the mean; with the single frames that
# makes 5 % of all.
LOST_SHARE = 0.05
BURST_LOSS_SHARE = 0.25
BURST_LOSS_FRAMES = 10
FAST_CLOCK_PPM = 200.0  # twice what a common quartz is specified to
FROZEN_STEP_NS = NS_PER_MS  # between frames that are captured one after another after a freeze

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Lags = Callable[[np.random.Generator, Floats], Floats]
"""From the capture times (s) to the time that the detector needs for each frame (ms)."""


class Stage(StrEnum):
    """What can be slow."""

    DRAWING = "drawing"
    ENCODING = "encoding"
    DETECTION = "detection"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Burst:
    """Frames in a row that take a stage longer than usual."""

    stage: Stage
    frames: int
    extra_ms: float
    every_s: float = 60.0
    """How often; for the first time after that span."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, if anything, with each part of a camera."""

    lags: Lags
    one_worker: bool = True
    """The detector is one worker with one place at its door; else each frame has its own."""
    keyframe_bursts: bool = False
    lost_share: float = 0.0
    clock_ppm: float = 0.0
    """How much faster than this machine's clock the camera's runs."""
    burst: Burst | None = None
    """What is slow now and then."""


def lognormal(median_ms: float, sigma: float) -> Lags:
    """Return lags drawn from a lognormal distribution; ``sigma`` is that of the logarithm."""
    return lambda rng, at_s: rng.lognormal(np.log(median_ms), sigma, len(at_s))


_steady = lognormal(18, 0.15)


def _spikes(period_s: float, extra_ms: float) -> Lags:
    def make(rng: np.random.Generator, at_s: Floats) -> Floats:
        lags = _steady(rng, at_s)
        first = np.flatnonzero(np.diff(at_s // period_s, prepend=0) > 0)
        lags[first] += extra_ms
        return lags

    return make


def _in_turn(rng: np.random.Generator, at_s: Floats) -> Floats:
    slow = (at_s // 60) % 2 == 1
    return np.where(slow, rng.lognormal(np.log(60), 0.15, len(at_s)), _steady(rng, at_s))


FAULTS: dict[str, Fault] = {
    "steady": Fault(_steady),
    "lognormal": Fault(lognormal(60, 0.5), one_worker=False),
    "spikes 200 ms": Fault(_spikes(10, 200)),
    "stalls 3 s": Fault(_spikes(60, 3000)),
    "in turn": Fault(_in_turn),
    "overload": Fault(lognormal(160, 0.1)),
    "keyframe bursts": Fault(_steady, keyframe_bursts=True),
    "lost frames": Fault(_steady, lost_share=LOST_SHARE),
    "fast clock": Fault(_steady, clock_ppm=FAST_CLOCK_PPM),
    "slow drawing": Fault(_steady, burst=Burst(Stage.DRAWING, 3, 400)),
    "slow encoder": Fault(_steady, burst=Burst(Stage.ENCODING, 3, 400)),
    "frozen process": Fault(_steady, burst=Burst(Stage.PROCESS, 1, 2000)),
}
"""The faults by name. The first five are the ones that policies are compared on."""


def make_trace(
    fault: str | Fault, *, seconds: float = 600.0, fps: int = 30, seed: int = 1
) -> Trace:
    """Return a trace of a fault, the same for the same seed. Raises KeyError for unknown names."""
    what = FAULTS[fault] if isinstance(fault, str) else fault
    rng = np.random.default_rng(seed)
    number = np.arange(round(seconds * fps), dtype=np.int64)
    if what.lost_share:
        number = number[~_lost(rng, len(number), what.lost_share)]
    pts = number * TIMESCALE // fps
    captured_ns = (number * NS_PER_S // fps / (1 + what.clock_ppm / 1e6)).astype(np.int64)
    needed_ms = what.lags(rng, captured_ns / NS_PER_S)
    cost_ms = COST_MS * rng.lognormal(0, 0.2, len(number))
    raw_ms = np.full(len(number), RAW_READY_MS)
    if what.keyframe_bursts:
        _add_keyframe_bursts(pts, needed_ms, cost_ms, raw_ms)
    if what.burst is not None:
        captured_ns = _add_burst(what.burst, captured_ns, needed_ms, cost_ms, raw_ms)
    needed_ns = _ns(needed_ms)
    return Trace(
        pts=pts,
        captured_ns=captured_ns,
        raw_ready_ns=_in_order(captured_ns, _ns(raw_ms)),
        result_ns=_one_worker(captured_ns, needed_ns)
        if what.one_worker
        else captured_ns + needed_ns,
        cost_ns=_ns(cost_ms),
    )


def _add_burst(
    burst: Burst, captured_ns: Column, needed_ms: Floats, cost_ms: Floats, raw_ms: Floats
) -> Column:
    """Make a stage slow; return when the frames are captured then."""
    slow = _in_burst(captured_ns, burst)
    match burst.stage:
        case Stage.DRAWING:
            cost_ms[slow] += burst.extra_ms
        case Stage.ENCODING:
            cost_ms[slow] += burst.extra_ms
            raw_ms[slow] += burst.extra_ms
        case Stage.DETECTION:
            needed_ms[slow] += burst.extra_ms
        case Stage.PROCESS:
            return _freeze(burst.extra_ms, slow, captured_ns, needed_ms, cost_ms)
    return captured_ns


def _in_burst(captured_ns: Column, burst: Burst) -> Mask:
    begins = np.diff(captured_ns // round(burst.every_s * NS_PER_S), prepend=0) > 0
    slow: Mask = np.convolve(begins, np.ones(burst.frames), "full")[: len(begins)] > 0
    return slow


def _in_order(came_ns: Column, needed_ns: Column) -> Column:
    """Return when each frame is ready from an encoder that takes one after another."""
    work_ns = np.cumsum(needed_ns)
    ready: Column = work_ns + np.maximum.accumulate(came_ns - (work_ns - needed_ns))
    return ready


def _freeze(
    extra_ms: float, slow: Mask, captured_ns: Column, needed_ms: Floats, cost_ms: Floats
) -> Column:
    """Let nothing run from where each of these frames would be captured.

    What is at work on the frame before takes that much longer; frames that come meanwhile are
    captured one after another when it is over.
    """
    steps_ns = FROZEN_STEP_NS * np.arange(len(captured_ns))
    for index in np.flatnonzero(slow).tolist():
        before, begin_ns = index - 1, int(captured_ns[index])
        answered_ns = captured_ns[before] + needed_ms[before] * NS_PER_MS
        (needed_ms if answered_ns > begin_ns else cost_ms)[before] += extra_ms
        end_ns = begin_ns + round(extra_ms * NS_PER_MS)
        captured_ns = np.maximum(captured_ns, np.where(captured_ns >= begin_ns, end_ns, 0))
        captured_ns = np.maximum.accumulate(captured_ns - steps_ns) + steps_ns
    return captured_ns


def _ns(values_ms: Floats) -> Column:
    return (values_ms * NS_PER_MS).astype(np.int64)


def _lost(rng: np.random.Generator, count: int, share: float) -> Mask:
    """Return which frames are lost, singly and in bursts of geometric length."""
    lengths_mean = 1 + BURST_LOSS_SHARE * (BURST_LOSS_FRAMES - 1)
    begins = np.flatnonzero(rng.random(count) < share / lengths_mean)
    bursts = rng.random(len(begins)) < BURST_LOSS_SHARE
    lengths = np.where(bursts, rng.geometric(1 / BURST_LOSS_FRAMES, len(begins)), 1)
    lost = np.zeros(count, np.bool_)
    for begin, length in zip(begins.tolist(), lengths.tolist(), strict=True):
        lost[begin : begin + length] = True
    return lost


def _add_keyframe_bursts(pts: Column, needed_ms: Floats, cost_ms: Floats, raw_ms: Floats) -> None:
    """Make keyframes dear, and the detector slow for the frames behind them."""
    key = keyframes(pts)
    cost_ms[key] *= KEYFRAME_COST
    raw_ms[key] *= KEYFRAME_COST
    for behind in range(BURST_FRAMES):
        needed_ms[behind:][key[: len(key) - behind]] += BURST_LAG_MS


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
