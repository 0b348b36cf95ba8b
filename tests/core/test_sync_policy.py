"""A sync policy is a rule and one line: none but its own file and that line know of it."""

from __future__ import annotations

import copy
import json
import pickle
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from streamlab.core import sync
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.sync.rule import PATIENT_NS, Learned, Playout, Policy, Rule
from tests.core.makers import ANNOTATED, MS_NS, RAW, controller
from tests.core.virtual_camera import RAW_COST_NS, VirtualCamera

FRAME_NS = 33 * MS_NS
HOLD_NS, ADAPTED_NS = 20 * MS_NS, 30 * MS_NS


class Longest(Rule):
    """Raw waits a while, then as long as it may."""

    summary = "ever longer"

    def adapt(self, learned: Learned) -> Learned:
        return replace(learned, hold_ns=ADAPTED_NS, deadline_ns=learned.reached_ns)

    def playout(self, learned: Learned) -> Playout:
        return Playout(PATIENT_NS, max(HOLD_NS, learned.hold_ns), together=False)


class Careless(Rule):
    """Nothing waits, and detections are not waited for either."""

    summary = "no detections"
    waits = False

    def playout(self, _learned: Learned, /) -> Playout:
        return Playout(0, 0, together=False)


class OwnPolicy(Policy):
    LONGEST = "longest", Longest()
    CARELESS = "careless", Careless()


def filmed(policy: Policy, *, lag_ms: int, cost_ms: int, count: int = 60) -> VirtualCamera:
    camera = VirtualCamera(controller(policy))
    for number in range(count):
        camera.capture(number, number * FRAME_NS, lag_ms * MS_NS, cost_ms * MS_NS)
    return camera


def test_a_policy_of_ones_own_decides_how_long_raw_waits_and_adapts() -> None:
    camera = filmed(OwnPolicy.LONGEST, lag_ms=10, cost_ms=3)
    camera.run()
    left_ns = list(camera.left_ns[RAW.channel].values())
    waited = [at_ns - number * FRAME_NS - RAW_COST_NS for number, at_ns in enumerate(left_ns)]
    assert (waited[0], waited[-1]) == (HOLD_NS, ADAPTED_NS)
    assert set(waited[:7]) == {HOLD_NS}  # before the first adaptation
    assert set(waited[9:]) == {ADAPTED_NS}
    assert camera.controller.control.learned.deadline_ns == 10 * MS_NS
    assert list(camera.left_ns[ANNOTATED.channel]) == list(range(60))
    assert str(camera.controller.control.policy) == "longest"


def test_under_a_policy_that_does_not_wait_nothing_waits_and_nothing_is_caught_up() -> None:
    camera = filmed(OwnPolicy.CARELESS, lag_ms=400, cost_ms=200)
    camera.run()
    assert camera.left_ns == camera.ready_ns
    assert camera.controller.counts["catch_up"] == camera.controller.counts["hold"] == 0
    camera = filmed(OwnPolicy.LONGEST, lag_ms=400, cost_ms=200)
    camera.run()
    assert camera.controller.counts["catch_up"] > 0


def test_a_camera_changes_to_a_policy_of_ones_own_and_back() -> None:
    camera = filmed(SyncPolicy.PAIR, lag_ms=10, cost_ms=3)
    made = camera.controller
    camera.plan(20 * FRAME_NS, lambda: made.request_policy(OwnPolicy.CARELESS))
    camera.plan(40 * FRAME_NS, lambda: made.request_policy(SyncPolicy.PAIR))
    camera.run()
    drifts = [camera.drift_ms(number) for number in range(60)]
    assert drifts[:20] == [0.0] * 20
    assert drifts[21:39] == [1.0] * 18  # drawn at once: 3 ms, raw 2
    assert drifts[41:] == [0.0] * 19
    assert [each.deadline_ns for each in camera.deadlines] == [PATIENT_NS, 0, PATIENT_NS]


def test_nothing_in_core_but_the_registration_names_a_policy() -> None:
    (folder,) = map(Path, sync.__path__)
    files = set(folder.parent.rglob("*.py")) - {folder / "policy.py"}
    named = re.compile(r"SyncPolicy|sync\.policies\.\w|policy (==|!=|in) |match .*policy:")
    assert {folder / "policies" / f"{policy}.py" for policy in SyncPolicy} < files
    for path in files:
        assert not named.search(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("policy", [*SyncPolicy, *OwnPolicy])
def test_a_policy_is_its_name_wherever_it_goes(policy: Policy) -> None:
    kind, name = type(policy), policy.name.lower()
    assert (policy, policy.value, str(policy), f"{policy}") == (name,) * 4
    assert json.dumps({policy: policy}) == f'{{"{name}": "{name}"}}'
    assert policy.rule.summary
    adapter = TypeAdapter[Policy](kind)
    assert adapter.validate_python(name) is adapter.validate_json(f'"{name}"') is policy
    assert adapter.dump_json(policy) == f'"{name}"'.encode()
    assert adapter.json_schema()["enum"] == [str(each) for each in kind]
    for same in (pickle.loads(pickle.dumps(policy)), copy.deepcopy(policy), kind(policy)):
        assert same is policy
    with pytest.raises(ValidationError):
        adapter.validate_python("other")


def test_a_line_without_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="unpack"):

        class _Ruleless(Policy):
            NEITHER = "neither"
