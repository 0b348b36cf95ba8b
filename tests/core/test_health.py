from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.health import FORGET_NS, RECOVERY_SUCCESSES, SLOW_NS, HealthRecord
from streamlab.core.time.timebase import NS_PER_S

TIMEOUT_NS = 5 * NS_PER_S


def record() -> HealthRecord:
    return HealthRecord(TIMEOUT_NS, SLOW_NS)


def test_a_new_part_is_well() -> None:
    assert record().at(0).state == "ok"


def test_it_fails_until_some_good_answers_in_a_row() -> None:
    part = record()
    part.receive_failure("ValueError: cannot see", 2, 0, at=1000.0)
    health = part.at(0)
    assert (health.state, health.failed, health.last_failed_at) == ("failing", 2, 1000.0)
    assert health.detail == "ValueError: cannot see (2 pictures so far)"
    for _ in range(RECOVERY_SUCCESSES - 1):
        part.receive_success()
    assert part.at(0).state == "failing"
    part.receive_failure("ValueError: again", 1, 0, at=1001.0)
    for _ in range(RECOVERY_SUCCESSES):
        part.receive_success()
    health = part.at(0)
    assert (health.state, health.detail, health.failed) == ("ok", "", 3)
    assert health.last_error == "ValueError: again"


def test_a_failure_is_forgotten_by_a_part_that_has_nothing_to_do() -> None:
    part = record()
    part.receive_failure("ValueError: once", 1, 0, at=0.0)
    assert part.at(FORGET_NS).state == "failing"
    assert part.at(FORGET_NS + 1).state == "ok"
    part = record()
    part.receive_start(0)
    part.receive_end(2 * SLOW_NS)
    assert part.at(FORGET_NS).state == "slow"
    assert part.at(FORGET_NS + 2 * SLOW_NS + 1).state == "ok"


def test_it_is_slow_while_no_answer_comes_and_after_a_late_one() -> None:
    part = record()
    part.receive_start(0)
    assert part.at(SLOW_NS).state == "ok"
    assert part.at(4 * NS_PER_S).detail == "no answer for 4 s"
    part.receive_end(4 * NS_PER_S)
    part.receive_success()
    assert part.at(5 * NS_PER_S).state == "slow"
    part.receive_start(5 * NS_PER_S)
    part.receive_end(5 * NS_PER_S + SLOW_NS // 10)
    assert part.at(6 * NS_PER_S).state == "ok"


def test_it_hangs_until_its_call_returns() -> None:
    part = record()
    part.receive_start(0)
    assert not part.hangs(TIMEOUT_NS)
    assert part.hangs(TIMEOUT_NS + 1)
    health = part.at(12 * NS_PER_S)
    assert (health.state, health.detail) == ("failing", "no answer for 12 s; it hangs")
    part.receive_end(13 * NS_PER_S)
    assert not part.hangs(30 * NS_PER_S)


def test_a_part_that_cannot_be_slow_is_well_until_it_hangs() -> None:
    part = HealthRecord(TIMEOUT_NS)
    part.receive_start(0)
    assert part.at(TIMEOUT_NS).state == "ok"
    assert part.at(TIMEOUT_NS + 1).state == "failing"
    part.receive_end(TIMEOUT_NS + 1)
    assert part.at(TIMEOUT_NS + 2).state == "ok"


def test_a_long_error_is_cut() -> None:
    part = record()
    part.receive_failure("x" * 100_000, 1, 0, at=0.0)
    assert len(part.at(0).last_error) == 300


STEPS = st.sampled_from(["begin", "end", "good", "bad", "wait"])


@given(st.lists(st.tuples(STEPS, st.integers(0, 10))))
def test_it_is_well_after_enough_quick_successes_whatever_came_before(
    steps: list[tuple[str, int]],
) -> None:
    part, now_ns = record(), 0
    for step, seconds in steps:
        now_ns += seconds * NS_PER_S
        match step:
            case "begin":
                part.receive_start(now_ns)
            case "end":
                part.receive_end(now_ns)
            case "good":
                part.receive_success()
            case "bad":
                part.receive_failure("broken", 1, now_ns, at=now_ns / NS_PER_S)
        health = part.at(now_ns)
        assert (health.detail == "") == (health.state == "ok")
    for _ in range(RECOVERY_SUCCESSES):
        part.receive_start(now_ns)
        part.receive_end(now_ns)
        part.receive_success()
    assert part.at(now_ns).state == "ok"
