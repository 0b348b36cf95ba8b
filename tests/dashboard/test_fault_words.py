"""The dashboard's words on faults: for each there is a case, a slider and a sentence."""

from __future__ import annotations

from dataclasses import fields

import pytest

from streamlab.dashboard.fault_words import CASES, DIALS, fault_sentences
from streamlab.faults import NO_FAULTS, PRESETS, Faults

WITHOUT_DIAL = {"parallel", "detector_dead", "seed"}


def test_every_value_has_a_slider_within_its_bounds() -> None:
    bounds = {each.name: each.metadata.get("bounds", (0, 0)) for each in fields(Faults)}
    assert set(DIALS) == set(bounds) - WITHOUT_DIAL
    for name, dial in DIALS.items():
        low, high = bounds[name]
        assert low <= dial.start / dial.factor < dial.end / dial.factor <= high


def test_every_preset_can_be_chosen_as_it_is() -> None:
    assert {name: CASES[name].faults for name in PRESETS} == dict(PRESETS)


@pytest.mark.parametrize("name", [name for name in CASES if name != "own mix"])
def test_a_case_is_explained_and_has_the_sliders_of_its_values(name: str) -> None:
    case = CASES[name]
    assert case.about.endswith(".")
    assert set(case.fields) == set(case.faults.describe()) - WITHOUT_DIAL
    assert all(each.endswith(".") for each in fault_sentences(case.faults))


def test_own_mix_has_all_sliders() -> None:
    assert set(CASES["own mix"].fields) == set(DIALS)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (NO_FAULTS, []),
        (PRESETS["lost frames"], ["Results take 18 ms, give or take 15 %.",
                                  "5 % of the frames are lost, in bursts of 10."]),
        (Faults(stall_ms=3000, stall_every_s=60), ["One result takes 3 s longer every 60 s."]),
        (Faults(encode_stall_ms=400, stage_stall_frames=3),
         ["3 frames in a row take 400 ms longer to encode once."]),
        (Faults(lag_median_ms=20, turn_lag_median_ms=60),
         ["Results take 20 ms; 60 ms in turn, for 60 s each."]),
        (Faults(detector_dead=True, lag_median_ms=20), ["The detector gives no results."]),
        (Faults(source_stall_ms=500), ["No picture arrives for 500 ms once."]),
        (Faults(clock_ppm=-200), ["The camera's clock is 200 ppm slow."]),
        (Faults(freeze_ms=2000, stage_stall_every_s=9), ["The camera freezes for 2 s every 9 s."]),
        (Faults(keyframe_burst_ms=60), ["Results at keyframes take 60 ms longer."]),
        (Faults(stall_every_s=5), ["Nothing yet: these values do nothing alone."]),
    ],
)  # fmt: skip
def test_what_is_injected_is_said_in_words(faults: Faults, words: list[str]) -> None:
    assert fault_sentences(faults) == words
