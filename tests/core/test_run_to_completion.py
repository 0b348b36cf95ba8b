"""Frames run to completion while that leaves time for the next one."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.run_to_completion import MAX_INTERVAL_NS, RETRY_NS, RunToCompletion
from streamlab.core.time.timebase import NS_PER_MS

INTERVAL_NS = 40 * NS_PER_MS


class Camera:
    """A camera whose frames come at a steady rate, on virtual time."""

    def __init__(self, interval_ns: int = INTERVAL_NS) -> None:
        self.judge = RunToCompletion()
        self.now_ns = 0
        self._interval_ns = interval_ns

    def take(self, cost_ns: int) -> bool:
        """Take the next frame, which costs this much; return whether it ran to completion."""
        self.now_ns += self._interval_ns
        runs = self.judge.receive_frame(self.now_ns)
        if runs:
            self.judge.receive_cost(cost_ns, self.now_ns + cost_ns)
        return runs


@given(st.lists(st.integers(0, INTERVAL_NS // 2), min_size=1))
def test_what_fits_into_half_the_interval_runs(costs_ns: list[int]) -> None:
    camera = Camera()
    for _ in range(40):
        camera.take(0)  # the interval is known now
    assert all(camera.take(cost_ns) for cost_ns in costs_ns)


def test_what_takes_longer_goes_to_the_pool_but_is_tried_again() -> None:
    camera = Camera()
    ran = [camera.take(INTERVAL_NS) for _ in range(1000)]
    tries = [number for number, runs in enumerate(ran) if runs]
    late = [number for number in tries if number > 100]
    assert all(after - before >= RETRY_NS // INTERVAL_NS for before, after in pairwise(late))
    assert len(late) >= 1000 * INTERVAL_NS // RETRY_NS - 5
    assert [camera.take(0) for _ in range(RETRY_NS // INTERVAL_NS + 2)][-1]
    assert camera.take(0)


def test_one_slow_frame_changes_nothing() -> None:
    camera = Camera()
    for _ in range(40):
        camera.take(NS_PER_MS)
    camera.take(INTERVAL_NS)
    assert camera.take(NS_PER_MS)


@given(st.lists(st.tuples(st.integers(1, 10 * MAX_INTERVAL_NS), st.integers(0, 10**10))))
def test_it_is_never_given_up_for_longer_than_until_the_retry(
    frames: list[tuple[int, int]],
) -> None:
    judge, now_ns, ran_ns = RunToCompletion(), 0, 0
    for interval_ns, cost_ns in frames:
        now_ns += interval_ns
        if judge.receive_frame(now_ns):
            ran_ns = now_ns = now_ns + cost_ns
            judge.receive_cost(cost_ns, now_ns)
        assert now_ns - ran_ns < RETRY_NS or judge.receive_frame(now_ns)
