"""How long is waited before a lost connection is tried again."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenacity import RetryCallState

from streamlab.client import Reconnect, ServerUnreachableError
from streamlab.client.problems import TryLaterError
from streamlab.client.reconnect import Failures, is_full, is_passing
from streamlab.errors import LimitError, UnknownCameraError

GONE = ServerUnreachableError("gone")


def wait_s(reconnect: Reconnect, failures: int, error: Exception = GONE) -> float:
    """Return what is waited after so many failures in a row."""
    attempts = reconnect.attempts(is_passing)
    state = RetryCallState(attempts, None, (), {})
    state.attempt_number = failures
    state.set_exception((type(error), error, None))
    assert callable(attempts.wait)
    return float(attempts.wait(state))


@given(st.integers(1, 2000))
def test_full_jitter_is_bounded(failures: int) -> None:
    waited_s = wait_s(Reconnect(initial_s=0.25, max_s=10.0), failures)
    assert 0.0 <= waited_s <= min(10.0, 0.25 * 2 ** (min(failures, 100) - 1))


@given(st.integers(1, 20), st.floats(0, 60))
def test_retry_after_is_honoured(failures: int, asked_s: float) -> None:
    later = TryLaterError(429, LimitError("full"), asked_s)
    assert wait_s(Reconnect(), failures, later) >= asked_s


def test_what_is_worth_another_attempt() -> None:
    full, broken = (TryLaterError(status, LimitError("no"), 0) for status in (429, 503))
    assert [is_passing(error) for error in (GONE, full, broken)] == [True] * 3
    assert not is_passing(UnknownCameraError("no"))
    assert [is_full(error) for error in (GONE, full, broken)] == [False, True, False]


def test_a_row_of_failures_is_given_up_and_a_success_ends_it() -> None:
    reconnect = Reconnect(initial_s=0.001, max_s=0.01, give_up_after_s=1.0)

    async def give_up(with_successes: bool) -> int:
        failures, count = Failures(reconnect), 0
        while count < 2000:
            await failures.wait(GONE)
            count += 1
            if with_successes:
                failures.end()
        return count

    with pytest.raises(ServerUnreachableError):
        asyncio.run(give_up(with_successes=False))
    assert asyncio.run(give_up(with_successes=True)) == 2000


def test_the_problem_itself_is_raised_at_last() -> None:
    async def give_up() -> None:
        failures = Failures(Reconnect(give_up_after_s=1.0))
        await failures.wait(TryLaterError(429, LimitError("full"), retry_after_s=60.0))

    with pytest.raises(LimitError):
        asyncio.run(give_up())
