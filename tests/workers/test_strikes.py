"""How often a worker has ended while a camera was in native code, on virtual time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamlab.bus.strikes import FORGET_S, MAX_STRIKES, Strikes
from streamlab.core.time.timebase import NS_PER_S

FORGET_NS = FORGET_S * NS_PER_S


def test_two_deaths_count_and_one_does_not() -> None:
    strikes = Strikes()
    strikes.receive_end(["gate", "yard", "gate"], 0)
    assert not strikes.is_out("gate", 0)
    strikes.receive_end(["gate"], FORGET_NS - 1)
    assert strikes.is_out("gate", FORGET_NS - 1)
    assert not strikes.is_out("yard", FORGET_NS - 1)
    assert not strikes.is_out("street", 0)


def test_deaths_are_forgotten_by_time() -> None:
    strikes = Strikes()
    strikes.receive_end(["gate"], 0)
    strikes.receive_end(["gate"], FORGET_NS)
    assert not strikes.is_out("gate", FORGET_NS)
    assert not strikes.is_out("gate", 9 * FORGET_NS)
    assert len(strikes) == 0


DEATHS = st.lists(st.tuples(st.integers(0, FORGET_NS), st.sets(st.sampled_from("abc"))))


@given(DEATHS)
def test_who_is_out_was_there_as_often_as_it_takes(deaths: list[tuple[int, set[str]]]) -> None:
    strikes, now_ns, seen = Strikes(), 0, dict[str, list[int]]()
    for elapsed_ns, suspects in deaths:
        now_ns += elapsed_ns
        strikes.receive_end(suspects, now_ns)
        for each in suspects:
            seen.setdefault(each, []).append(now_ns)
        for each, times in seen.items():
            recent = [at_ns for at_ns in times if now_ns - at_ns < FORGET_NS]
            assert strikes.is_out(each, now_ns) == (len(recent) >= MAX_STRIKES)
