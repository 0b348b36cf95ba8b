"""One raw and any number of annotated channels: what holds whatever each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.core.channels import RAW, SyncState
from streamlab.core.sync.policy import SyncPolicy
from tests.core.makers import MS_NS, controller
from tests.core.virtual_camera import VirtualCamera, Work

BOUND_NS, TOLERANCE_MS = 250 * MS_NS, 50.0
NAMES = ("annotated", "pose", "plates")
NEVER_DEGRADED = 10**6
CORRECTING = st.sampled_from([policy for policy in SyncPolicy if policy is not SyncPolicy.NONE])
Frame = tuple[int, tuple[Work, Work, Work]]
"""How long after the frame before it, ns, and what each channel has to do for it."""


Frames = st.SearchStrategy[list[Frame]]


def frames(lags_ms: st.SearchStrategy[int | None], max_cost_ms: int = 20) -> Frames:
    steps = st.sampled_from([5, 20, 33, 40, 100, 400]).map(MS_NS.__mul__)
    lags = lags_ms.map(lambda lag_ms: None if lag_ms is None else lag_ms * MS_NS)
    work = st.tuples(lags, st.integers(0, max_cost_ms).map(MS_NS.__mul__))
    return st.lists(st.tuples(steps, st.tuples(work, work, work)), min_size=1, max_size=40)


ANY = frames(st.none() | st.integers(0, 120) | st.integers(0, 6000), 200)
IN_TIME = frames(st.integers(0, 120))
COUNTS = st.integers(0, 3)


def camera(
    policy: SyncPolicy,
    names: Sequence[str],
    video: list[Frame],
    max_violations: int = 3,
    work_for: Sequence[str] = (),
) -> VirtualCamera:
    made = VirtualCamera(controller(policy, names, max_violations=max_violations), max_frames=16)
    for number, at_ns in enumerate(accumulate(after_ns for after_ns, _ in video)):
        made.capture_for(
            number, at_ns, dict(zip(work_for or names, video[number][1], strict=False))
        )
    return made


def paired_ns(made: VirtualCamera, names: Sequence[str]) -> list[int]:
    """When raw leaves by ``pair``: with the last picture of each frame, within the bound."""
    left_ns = [0]
    for number, raw_ns in made.ready_ns[RAW].items():
        pictures_ns = [made.ready_ns[name].get(number, 10**18) for name in names]
        due_ns = min(max([raw_ns, *pictures_ns]), raw_ns + BOUND_NS)
        left_ns.append(max(left_ns[-1], due_ns))
    return left_ns[1:]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SyncPolicy), COUNTS, ANY)
def test_each_channel_is_in_order_and_complete_and_raw_waits_no_longer_than_it_may(
    policy: SyncPolicy, count: int, video: list[Frame]
) -> None:
    made = camera(policy, NAMES[:count], video)
    made.run()
    assert list(made.left_ns) == [RAW, *NAMES[:count]] == list(made.controller.channels)
    raw_ns = made.left_ns[RAW]
    for channel, left_ns in made.left_ns.items():
        assert list(left_ns) == list(range(len(video))), "each frame once, in order"
        assert all(earlier <= later for earlier, later in pairwise(left_ns.values()))
        assert all(at_ns >= made.ready_ns[channel][n] for n, at_ns in left_ns.items())
        if policy is not SyncPolicy.NONE:
            assert all(at_ns >= raw_ns[n] for n, at_ns in left_ns.items()), "never before raw"
    for number, ready_ns in made.ready_ns[RAW].items():
        assert raw_ns[number] - ready_ns <= BOUND_NS


def toggle(made: VirtualCamera, name: str) -> None:
    made.remove(name) if name in made.controller.annotated else made.add(name)


@settings(max_examples=150, deadline=None)
@given(
    CORRECTING,
    COUNTS,
    ANY,
    st.lists(st.tuples(st.integers(0, 4000), st.sampled_from(NAMES)), max_size=8),
)
def test_channels_come_and_go_and_raw_is_complete_and_in_time(
    policy: SyncPolicy, count: int, video: list[Frame], changes: list[tuple[int, str]]
) -> None:
    made = camera(policy, NAMES[:count], video, work_for=NAMES)
    for at_ms, name in changes:
        made.plan(at_ms * MS_NS, partial(toggle, made, name))
    made.run()
    raw_ns = made.left_ns[RAW]
    assert list(raw_ns) == list(range(len(video)))
    for number, ready_ns in made.ready_ns[RAW].items():
        assert raw_ns[number] - ready_ns <= BOUND_NS
    for left_ns in made.left_ns.values():
        assert all(earlier < later for earlier, later in pairwise(left_ns))
        assert all(earlier <= later for earlier, later in pairwise(left_ns.values()))
        assert all(at_ns >= raw_ns[n] for n, at_ns in left_ns.items()), "never before raw"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SyncPolicy), ANY)
def test_without_an_annotated_channel_raw_leaves_at_once(
    policy: SyncPolicy, video: list[Frame]
) -> None:
    made = camera(policy, (), video)
    made.run()
    assert made.left_ns[RAW] == made.ready_ns[RAW]
    assert (made.reports, made.deadlines) == ([], [])
    assert made.controller.state is SyncState.SYNCHRONIZED
    assert made.controller.playout_delay_ms == 0.0
    assert dict(made.controller.status(made.now_ns)) == {}


@settings(max_examples=100, deadline=None)
@given(COUNTS, IN_TIME)
def test_raw_waits_for_the_slowest_channel(count: int, video: list[Frame]) -> None:
    names = NAMES[:count]
    made = camera(SyncPolicy.PAIR, names, video, NEVER_DEGRADED)
    made.run()
    assert list(made.left_ns[RAW].values()) == paired_ns(made, names)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 3), IN_TIME, st.integers(0, 2), st.integers(1, 4000))
def test_a_channel_that_is_removed_frees_raw(
    count: int, video: list[Frame], victim: int, at_ms: int
) -> None:
    names = NAMES[:count]
    victim, at_ns = victim % count, at_ms * MS_NS
    others = [name for name in names if name != names[victim]]
    made = camera(SyncPolicy.PAIR, names, video, NEVER_DEGRADED)
    made.silent.add(names[victim])
    made.plan(at_ns, partial(made.remove, names[victim]))
    made.run()
    alone_ns, waited_ns = paired_ns(made, others), paired_ns(made, names)
    for number, left_ns in made.left_ns[RAW].items():
        assert left_ns == min(waited_ns[number], max(alone_ns[number], at_ns))
    assert made.controller.channels == (RAW, *others)
    assert made.left_ns[names[victim]] == {}


@settings(max_examples=100, deadline=None)
@given(CORRECTING, IN_TIME, ANY, st.booleans(), st.integers(1, 2))
def test_no_channel_makes_another_one_worse(
    policy: SyncPolicy, video: list[Frame], others: list[Frame], silent: bool, count: int
) -> None:
    spoiled = [
        (after_ns, (work[0], *other[1][1:]))
        for (after_ns, work), other in zip(video, others * len(video), strict=False)
    ]
    alone = camera(policy, NAMES[:1], video)
    alone.run()
    beside = camera(policy, NAMES[: 1 + count], spoiled)
    beside.silent.update(NAMES[1 : 1 + count] if silent else ())
    beside.run()
    if alone.controller.counts["catch_up"]:
        return  # then it is let go in time to follow a raw that does not wait
    own = [event for event in beside.deadlines if event.channel == NAMES[0]]
    until_end = slice(len(alone.deadlines))  # the others may take longer
    assert own[until_end] == alone.deadlines, "its boxes are not hurried"
    for number in alone.left_ns[RAW]:
        assert beside.drift_ms(number) <= alone.drift_ms(number)
    here, there = (made.controller.annotated[NAMES[0]] for made in (beside, alone))
    assert here.meter.state is there.meter.state is SyncState.SYNCHRONIZED
    assert here.meter.counts["violations"] <= there.meter.counts["violations"]
    assert here.counts["catch_up"] == 0


@pytest.mark.parametrize("policy", [policy for policy in SyncPolicy if policy != SyncPolicy.NONE])
def test_raw_does_not_wait_for_ever_for_a_channel_whose_encoder_has_stopped(
    policy: SyncPolicy,
) -> None:
    work = ((20 * MS_NS, 3 * MS_NS), (40 * MS_NS, 3 * MS_NS), (30 * MS_NS, 3 * MS_NS))
    video: list[Frame] = [(33 * MS_NS, work)] * 300
    alone = camera(policy, NAMES[:1], video)
    alone.run()
    made = camera(policy, NAMES[:2], video)
    made.plan(3000 * MS_NS, partial(made.silent.add, NAMES[1]))
    made.run()
    stopped = made.controller.annotated[NAMES[1]]
    assert stopped.meter.state is made.controller.state is SyncState.DEGRADED
    assert made.controller.annotated[NAMES[0]].meter.state is SyncState.SYNCHRONIZED
    assert stopped.counts["catch_up"] == made.controller.counts["catch_up"] == 1
    assert stopped.counts["release"] <= made.controller.counts["release"] < 20, "not waited for"
    for number in range(200, 300):
        assert made.left_ns[RAW][number] == alone.left_ns[RAW][number], "as if it were not there"


def test_a_channel_that_joins_is_not_waited_for_before_it_gives_results() -> None:
    made = camera(SyncPolicy.PAIR, (), [])
    for number in range(200):
        lag_ns = None if number < 100 else 60 * MS_NS  # its model is being loaded
        made.capture_for(number, number * 33 * MS_NS, {"pose": (lag_ns, 3 * MS_NS)})
    made.silent.add("pose")
    made.plan(1000 * MS_NS, partial(made.add, "pose"))
    made.plan(3300 * MS_NS, made.silent.clear)
    made.run()
    waits_ms = [(made.left_ns[RAW][n] - ready) / MS_NS for n, ready in made.ready_ns[RAW].items()]
    assert max(waits_ms[:99]) == 0.0
    assert waits_ms[150:] == [61.0] * 50, "with its annotated picture"
    assert made.controller.state is SyncState.SYNCHRONIZED
    assert made.reports[-1].state is SyncState.SYNCHRONIZED
    assert made.controller.status(made.now_ns)["pose"].drift_ms == 0.0
