"""Fault presets by name, for injection into a camera and for generated traces.

Lags include the real detector's own time, so a preset has its named effect only where the real
detector is faster. All but *lognormal* and *overload* add to a steady detector:

- *keyframe bursts*: the detector shares its cores with the encoder, and is slower for a keyframe
  and the frames right behind it;
- *lost frames*: the camera or the network drops single frames and bursts of a third of a second;
- *fast clock*: the camera's clock gains 17 s a day, twice the specification of a common quartz;
- *slow drawing*, *slow encoder*: three frames in a row, once a minute; the frames behind queue;
- *frozen process*: nothing runs for 2 s, once a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from streamlab.errors import InvalidRequestError
from streamlab.faults.definition import Faults

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
"""Policies are compared on the first five."""


def find_preset(name: str) -> Faults:
    """Return the faults of a preset. Raises InvalidRequestError, which lists the presets."""
    if name not in PRESETS:
        raise InvalidRequestError(
            f"unknown fault preset '{name}'; allowed: {', '.join(PRESETS)}",
            hint="Choose one of them.",
        )
    return PRESETS[name]
