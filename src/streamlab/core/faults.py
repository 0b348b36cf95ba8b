"""What can go wrong at a camera on purpose: faults as plain data, by the names of the traces.

A fault of the detector makes results late or keeps them away; one of the source loses, holds up or
misdates frames; one of a stage makes some frames in a row take longer to draw or to encode, or
stops all work of the camera. What is drawn by chance follows from ``seed`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from streamlab.core.timebase import NS_PER_S
from streamlab.errors import InvalidRequestError

MAX_LAG_MS = 10_000
MAX_STALL_MS = 60_000
MAX_PERIOD_S = 3_600


def _within(low: float, high: float, default: float = 0) -> Any:
    return field(default=default, metadata={"bounds": (low, high)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Faults to inject. Raises InvalidRequestError, which says what is allowed.

    What comes ``every`` 0 s comes once, at once; otherwise for the first time after that span.
    """

    lag_median_ms: float = _within(0, MAX_LAG_MS)
    """Each result takes at least a lognormal time of this median …"""
    lag_sigma: float = _within(0, 3)
    """… and this standard deviation of its logarithm."""
    turn_lag_median_ms: float = _within(0, MAX_LAG_MS)
    """Another median, which takes turns with the first; 0: no turns."""
    turn_s: float = _within(0.1, MAX_PERIOD_S, 60)
    """How long a turn is."""
    parallel: bool = False
    """Lags count from the capture, as with many workers; else one worker takes frame by frame."""
    stall_ms: float = _within(0, MAX_STALL_MS)
    """One result takes this much longer …"""
    stall_every_s: float = _within(0, MAX_PERIOD_S)
    """… this often."""
    keyframe_burst_ms: float = _within(0, MAX_LAG_MS)
    """The results of a keyframe and of the frames right behind it take this much longer."""
    detector_dead: bool = False
    """No frame gets a result."""
    lost_fraction: float = _within(0, 1)
    """The share of the captured frames that is lost."""
    lost_burst: float = _within(1, 300, 1)
    """One loss in four begins a burst of this mean length, frames."""
    source_stall_ms: float = _within(0, MAX_STALL_MS)
    """The source gives no picture for this long …"""
    source_stall_every_s: float = _within(0, MAX_PERIOD_S)
    """… this often."""
    clock_ppm: float = _within(-10_000, 10_000)
    """How much faster than this machine's clock the camera's runs."""
    draw_stall_ms: float = _within(0, MAX_LAG_MS)
    """Drawing a frame takes this much longer …"""
    encode_stall_ms: float = _within(0, MAX_LAG_MS)
    """… or encoding it, in both channels …"""
    stage_stall_frames: int = _within(1, 300, 1)
    """… for this many frames in a row …"""
    freeze_ms: float = _within(0, MAX_LAG_MS)
    """… or nothing of the camera runs for this long …"""
    stage_stall_every_s: float = _within(0, MAX_PERIOD_S)
    """… this often."""
    seed: int = 1

    def __post_init__(self) -> None:
        for each in fields(self):
            value, bounds = getattr(self, each.name), each.metadata.get("bounds")
            if bounds and not bounds[0] <= value <= bounds[1]:
                raise InvalidRequestError(
                    f"{each.name} is {value}; allowed: {bounds[0]} to {bounds[1]}",
                    hint="Correct these values.",
                )

    @property
    def slow(self) -> bool:
        """Whether results are late."""
        waits_ms = (self.lag_median_ms, self.turn_lag_median_ms, self.stall_ms)
        return any((*waits_ms, self.keyframe_burst_ms))

    @property
    def stalls_stages(self) -> bool:
        """Whether drawing or encoding is slow, or stands still."""
        return any((self.draw_stall_ms, self.encode_stall_ms, self.freeze_ms))

    def describe(self) -> dict[str, object]:
        """Return what is wrong, by field; empty without faults."""
        values = {each.name: (getattr(self, each.name), each.default) for each in fields(self)}
        wrong = {name: value for name, (value, default) in values.items() if value != default}
        return {} if wrong.keys() <= {"seed"} else wrong


NO_FAULTS = Faults()
_STEADY = Faults(lag_median_ms=18, lag_sigma=0.15)
PRESETS: Mapping[str, Faults] = {
    "steady": _STEADY,
    "lognormal": Faults(lag_median_ms=60, lag_sigma=0.5, parallel=True),
    "spikes 200 ms": replace(_STEADY, stall_ms=200, stall_every_s=10),
    "stalls 3 s": replace(_STEADY, stall_ms=3000, stall_every_s=60),
    "in turn": replace(_STEADY, turn_lag_median_ms=60),
    "overload": Faults(lag_median_ms=160, lag_sigma=0.1),
    "keyframe bursts": replace(_STEADY, keyframe_burst_ms=60),
    "lost frames": replace(_STEADY, lost_fraction=0.05, lost_burst=10),
    "fast clock": replace(_STEADY, clock_ppm=200),
    "slow drawing": replace(
        _STEADY, draw_stall_ms=400, stage_stall_frames=3, stage_stall_every_s=60
    ),
    "slow encoder": replace(
        _STEADY, encode_stall_ms=400, stage_stall_frames=3, stage_stall_every_s=60
    ),
    "frozen process": replace(_STEADY, freeze_ms=2000, stage_stall_every_s=60),
}
"""The faults of the traces (``streamlab.traces.FAULTS``), for a detector that itself is quicker."""


def find_preset(name: str) -> Faults:
    """Return the faults of a name. Raises InvalidRequestError that names those there are."""
    if name not in PRESETS:
        raise InvalidRequestError(
            f"unknown fault preset '{name}'; allowed: {', '.join(PRESETS)}",
            hint="Choose one of them.",
        )
    return PRESETS[name]


class Recurrence:
    """Says when something that comes every so often is due."""

    def __init__(self, every_s: float, now_ns: int) -> None:
        self._every_ns = round(every_s * NS_PER_S)
        self._next_ns: int | None = now_ns + self._every_ns

    def receive_time(self, now_ns: int) -> bool:
        """Return whether it is due; what was missed comes once."""
        if self._next_ns is None or now_ns < self._next_ns:
            return False
        every_ns, late_ns = self._every_ns, now_ns - self._next_ns
        self._next_ns = now_ns - late_ns % every_ns + every_ns if every_ns else None
        return True
