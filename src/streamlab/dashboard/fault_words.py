"""Faults in words: what can be injected, the values of each, and what is injected now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from streamlab.faults import NO_FAULTS, PRESETS, Faults


@dataclass(frozen=True, slots=True)
class Dial:
    """How one field of ``Faults`` is set: ``factor`` times its value is shown, in ``unit``."""

    label: str
    unit: str
    end: float
    step: float
    help: str
    start: float = 0
    factor: float = 1


@dataclass(frozen=True, slots=True)
class FaultCase:
    """Something that goes wrong: what it is like, and the values that it begins with."""

    about: str
    faults: Faults
    fields: tuple[str, ...]
    """The fields of ``DIALS`` that it has."""


_EVERY = "0: once, at once"
DIALS: Mapping[str, Dial] = {
    "lag_median_ms": Dial("Delay of results", "ms", 500, 5, "Half of the results take longer"),
    "lag_sigma": Dial(
        "Jitter of the delay", "%", 150, 5, "How far a result's time usually is off", factor=100
    ),
    "turn_lag_median_ms": Dial("Second delay", "ms", 500, 5, "Takes turns with the first delay"),
    "turn_s": Dial("Length of a turn", "s", 300, 1, "How long each delay applies", start=1),
    "stall_ms": Dial("Detector stall", "ms", 5000, 50, "Extra time of a result that is hit"),
    "stall_frames": Dial("Results hit in a row", "", 30, 1, "By each stall", start=1),
    "stall_every_s": Dial("Time between detector stalls", "s", 300, 1, _EVERY),
    "keyframe_burst_ms": Dial(
        "Delay at keyframes", "ms", 500, 5, "Extra time of a keyframe's result and the next ones"
    ),
    "lost_fraction": Dial("Lost frames", "%", 100, 1, "Share of the captured frames", factor=100),
    "lost_burst": Dial("Length of a burst", "frames", 60, 1, "Lost in a row, mean", start=1),
    "source_stall_ms": Dial("Camera stall", "ms", 10_000, 100, "No picture arrives for so long"),
    "source_stall_every_s": Dial("Time between camera stalls", "s", 300, 1, _EVERY),
    "clock_ppm": Dial(
        "Clock error", "ppm", 1000, 10, "86 ms a day for each; above 0 the clock is fast", -1000
    ),
    "draw_stall_ms": Dial("Drawing stall", "ms", 2000, 20, "Extra time to draw a frame"),
    "encode_stall_ms": Dial("Encoder stall", "ms", 2000, 20, "Extra time to encode a frame"),
    "stage_stall_frames": Dial("Frames hit in a row", "", 30, 1, "By each stall", start=1),
    "freeze_ms": Dial("Freeze", "ms", 10_000, 100, "Nothing of the camera runs for so long"),
    "stage_stall_every_s": Dial("Time between stalls", "s", 300, 1, _EVERY),
}
_ABOUT = {
    "steady": "A steady detector: each result takes nearly the same time.",
    "lognormal": "Results take a varying time, some a very long one, as with many workers.",
    "spikes 200 ms": "Now and then one result takes much longer.",
    "stalls 3 s": "Once in a while the detector stands still for seconds.",
    "in turn": "The detector is quick for a time and slow for a time.",
    "overload": "Results take longer than a frame lasts, so many frames get none.",
    "keyframe bursts": "The detector shares its cores with the encoder: keyframes slow it down.",
    "lost frames": "The camera or the network loses frames, single ones and bursts.",
    "fast clock": "The camera's clock does not run as this machine's does.",
    "slow drawing": "Drawing some frames takes long; the frames behind them queue.",
    "slow encoder": "Encoding some frames takes long, in both channels.",
    "frozen process": "Now and then nothing of this camera runs.",
}
_STALLING = Faults(source_stall_ms=2000, source_stall_every_s=30)
_OTHERS = {
    "camera stalls": ("No picture arrives for a time.", _STALLING),
    "dead detector": ("No frame gets a result.", Faults(detector_dead=True)),
    "own mix": ("All values; those at 0 do nothing.", NO_FAULTS),
}


def _case(about: str, faults: Faults) -> FaultCase:
    given = faults.describe() or DIALS
    return FaultCase(about, faults, tuple(name for name in DIALS if name in given))


CASES: Mapping[str, FaultCase] = {
    **{name: _case(_ABOUT[name], faults) for name, faults in PRESETS.items()},
    **{name: _case(about, faults) for name, (about, faults) in _OTHERS.items()},
}


def fault_sentences(faults: Faults) -> list[str]:
    """Return what goes wrong with these faults, a sentence each; empty without any."""
    said = list(_sentences(faults))
    return said or (["Nothing yet: these values do nothing alone."] if faults.describe() else [])


def _sentences(faults: Faults) -> Iterator[str]:
    yield from _of_detector(faults)
    if faults.lost_fraction:
        burst = f", in bursts of {faults.lost_burst:g}" if faults.lost_burst > 1 else ""
        yield f"{100 * faults.lost_fraction:.3g} % of the frames are lost{burst}."
    if faults.source_stall_ms:
        how_often = _every(faults.source_stall_every_s)
        yield f"No picture arrives for {_time(faults.source_stall_ms)} {how_often}."
    if faults.clock_ppm:
        way = "fast" if faults.clock_ppm > 0 else "slow"
        yield f"The camera's clock is {abs(faults.clock_ppm):g} ppm {way}."
    for what, extra_ms in (("draw", faults.draw_stall_ms), ("encode", faults.encode_stall_ms)):
        if extra_ms:
            frames = _hit(faults.stage_stall_frames, "frame")
            how_often = _every(faults.stage_stall_every_s)
            yield f"{frames} {_time(extra_ms)} longer to {what} {how_often}."
    if faults.freeze_ms:
        how_often = _every(faults.stage_stall_every_s)
        yield f"The camera freezes for {_time(faults.freeze_ms)} {how_often}."


def _of_detector(faults: Faults) -> Iterator[str]:
    if faults.detector_dead:
        yield "The detector gives no results."
        return
    if faults.lag_median_ms or faults.turn_lag_median_ms:
        jitter = f", give or take {100 * faults.lag_sigma:.3g} %" if faults.lag_sigma else ""
        turn = (
            f"; {_time(faults.turn_lag_median_ms)} in turn, for {faults.turn_s:g} s each"
            if faults.turn_lag_median_ms
            else ""
        )
        yield f"Results take {_time(faults.lag_median_ms)}{jitter}{turn}."
    if faults.stall_ms:
        results = _hit(faults.stall_frames, "result")
        yield f"{results} {_time(faults.stall_ms)} longer {_every(faults.stall_every_s)}."
    if faults.keyframe_burst_ms:
        yield f"Results at keyframes take {_time(faults.keyframe_burst_ms)} longer."


def _time(ms: float) -> str:
    return f"{ms:g} ms" if ms < 1000 else f"{ms / 1000:g} s"


def _every(seconds: float) -> str:
    return f"every {seconds:g} s" if seconds else "once"


def _hit(number: int, what: str) -> str:
    return f"One {what} takes" if number == 1 else f"{number} {what}s in a row take"
