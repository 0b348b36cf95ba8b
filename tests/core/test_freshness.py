"""Too few fresh frames are put down to what is too slow: machine, detector or drawing."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from streamlab.core.sync.freshness import MET, judge_freshness
from streamlab.core.sync.playout import NEVER_NS
from streamlab.core.sync.policy import SyncPolicy
from tests.core.makers import MS_NS, controller
from tests.core.virtual_camera import VirtualCamera

FRAME_NS = 33 * MS_NS
WELL: dict[str, Any] = {
    "lags_ns": [20 * MS_NS] * 10,
    "longest_lag_ns": 300 * MS_NS,
    "usual_lag_bound_ns": 290 * MS_NS,
    "usual_cost_ns": 3 * MS_NS,
    "handover_ns": MS_NS // 2,
}


@pytest.mark.parametrize("share", [None, 1.0, 0.8, 0.795])
def test_enough_is_enough(share: float | None) -> None:
    assert judge_freshness(share, 0.8, **WELL) == MET


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"handover_ns": 12 * MS_NS}, "The machine is too busy"),
        ({"lags_ns": [NEVER_NS] * 3 + [20 * MS_NS] * 7}, "70% of the frames get a result"),
        ({"lags_ns": []}, "The detector is too slow"),
        ({"usual_lag_bound_ns": 0, "usual_cost_ns": 400 * MS_NS}, "too slow: 400 ms a frame"),
        ({}, "Recovering"),
    ],
)
def test_what_is_too_slow_is_named(changed: dict[str, Any], words: str) -> None:
    found = judge_freshness(0.5, 0.8, **(WELL | changed))
    assert not found.met
    assert words in found.detail


def run(policy: SyncPolicy, lags_ms: list[int | None], costs_ms: list[int]) -> VirtualCamera:
    camera = VirtualCamera(controller(policy))
    for number, lag_ms, cost_ms in zip(count(), lags_ms, costs_ms, strict=False):
        lag_ns = None if lag_ms is None else lag_ms * MS_NS
        camera.capture(number, number * FRAME_NS, lag_ns, cost_ms * MS_NS)
    camera.run()
    return camera


@pytest.mark.parametrize("policy", [p for p in SyncPolicy if p is not SyncPolicy.NONE])
def test_a_detector_that_answers_half_of_the_frames_is_too_slow(policy: SyncPolicy) -> None:
    camera = run(policy, [20, None] * 150, [3] * 300)
    assert "detector" in camera.controller.freshness.detail
    assert run(policy, [20] * 300, [3] * 300).controller.freshness == MET
