"""Faults of a camera as plain data, injected live or used to generate a trace.

A detector fault delays results or suppresses them. A source fault loses, holds up or misdates
frames. A stage fault makes consecutive frames take longer to draw or to encode, or stops all work
of the camera. Random choices depend on ``seed`` alone.
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
    """Faults to inject; the defaults inject none.

    An interval ``…_every_s`` also precedes the first occurrence; 0: one occurrence, immediately.

    Raises:
        InvalidRequestError: a value is out of range; the message gives the range.
    """

    lag_median_ms: float = _within(0, MAX_LAG_MS)
    """Median of the lognormal time that each result takes at least."""
    lag_sigma: float = _within(0, 3)
    """Standard deviation of the logarithm of that time."""
    turn_lag_median_ms: float = _within(0, MAX_LAG_MS)
    """A second median that alternates with the first; 0: no alternation."""
    turn_s: float = _within(0.1, MAX_PERIOD_S, 60)
    """How long each of the two medians applies before the other one does."""
    parallel: bool = False
    """Lags count from capture, as with many workers; False: one worker, one frame at a time."""
    stall_ms: float = _within(0, MAX_STALL_MS)
    """Extra time of each result that a detector stall hits."""
    stall_frames: int = _within(1, 300, 1)
    """Number of consecutive results that a detector stall hits."""
    stall_every_s: float = _within(0, MAX_PERIOD_S)
    """Interval between detector stalls."""
    keyframe_burst_ms: float = _within(0, MAX_LAG_MS)
    """Extra time of the results of a keyframe and of the frames right behind it."""
    detector_dead: bool = False
    """No frame gets a result."""
    lost_fraction: float = _within(0, 1)
    """Share of the captured frames that is lost."""
    lost_burst: float = _within(1, 300, 1)
    """Mean length of a burst of losses, frames; one loss in four begins a burst."""
    source_stall_ms: float = _within(0, MAX_STALL_MS)
    """Length of a source stall, in which no picture arrives."""
    source_stall_every_s: float = _within(0, MAX_PERIOD_S)
    """Interval between source stalls."""
    clock_ppm: float = _within(-10_000, 10_000)
    """How much faster the camera's clock runs than this machine's."""
    draw_stall_ms: float = _within(0, MAX_LAG_MS)
    """Extra time to draw a frame that a stage stall hits."""
    encode_stall_ms: float = _within(0, MAX_LAG_MS)
    """Extra time to encode such a frame, in both channels."""
    stage_stall_frames: int = _within(1, 300, 1)
    """Number of consecutive frames that a stage stall hits."""
    freeze_ms: float = _within(0, MAX_LAG_MS)
    """Length of a freeze, in which nothing of the camera runs."""
    stage_stall_every_s: float = _within(0, MAX_PERIOD_S)
    """Interval between stage stalls, and between freezes."""
    seed: int = _within(0, 2**53 - 1, 1)  # exact in JavaScript, too

    def __post_init__(self) -> None:
        for each in fields(self):
            value, bounds = getattr(self, each.name), each.metadata.get("bounds")
            if bounds and not bounds[0] <= value <= bounds[1]:
                raise InvalidRequestError(
                    f"{each.name} is out of range; allowed: {bounds[0]} to {bounds[1]}",
                    hint="Correct these values.",
                )

    @property
    def slow(self) -> bool:
        """True if results are late."""
        waits_ms = (self.lag_median_ms, self.turn_lag_median_ms, self.stall_ms)
        return any((*waits_ms, self.keyframe_burst_ms))

    @property
    def affects_detector(self) -> bool:
        """True if results are late or never come."""
        return self.slow or self.detector_dead

    @property
    def affects_capture(self) -> bool:
        """True if frames are lost, held up or misdated."""
        return any((self.lost_fraction, self.source_stall_ms, self.clock_ppm, self.freeze_ms))

    @property
    def stalls_stages(self) -> bool:
        """True if drawing or encoding is slow or stopped."""
        return any((self.draw_stall_ms, self.encode_stall_ms, self.freeze_ms))

    def describe(self) -> dict[str, object]:
        """Return the fields that differ from their defaults; empty without faults."""
        values = {each.name: (getattr(self, each.name), each.default) for each in fields(self)}
        wrong = {name: value for name, (value, default) in values.items() if value != default}
        return {} if wrong.keys() <= {"seed"} else wrong


NO_FAULTS = Faults()
