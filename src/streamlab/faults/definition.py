"""Faults of a camera as plain data; injected live, or the rule by which a trace is generated.

A detector fault makes results late or keeps them away; a source fault loses, holds up or misdates
frames; a stage fault makes some frames in a row take longer to draw or to encode, or stops all
work of the camera. Random choices follow from ``seed`` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from streamlab.errors import InvalidRequestError

MAX_LAG_MS = 10_000
MAX_STALL_MS = 60_000
MAX_PERIOD_S = 3_600


def _within(low: float, high: float, default: float = 0) -> Any:
    return field(default=default, metadata={"bounds": (low, high)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Faults to inject. Raises InvalidRequestError, which says what is allowed.

    ``…_every_s``: for the first time after that span; 0: once, at once.
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
    stall_frames: int = _within(1, 300, 1)
    """… or that many in a row do …"""
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
    def affects_detector(self) -> bool:
        """Whether results are late, or never come."""
        return self.slow or self.detector_dead

    @property
    def affects_capture(self) -> bool:
        """Whether frames are lost, held up or misdated."""
        return any((self.lost_fraction, self.source_stall_ms, self.clock_ppm, self.freeze_ms))

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
