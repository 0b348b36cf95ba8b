"""When and how often a lost connection is retried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tenacity import (
    AsyncRetrying,
    AttemptManager,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_any,
    stop_before_delay,
    wait_random_exponential,
)
from tenacity.stop import stop_base

from streamlab.client.problems import ServerUnreachableError, TryLaterError
from streamlab.errors import ServerFullError

TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Exponential backoff with full jitter: after n failures wait 0 to ``initial_s * 2**(n-1)`` s.

    The wait is at most ``max_s``, but at least what the server asks for (``Retry-After``). An
    event other than ``connected`` resets the number of failures. A series of failures that would
    take longer than ``give_up_after_s`` (None: no limit) ends the stream with the last error.
    """

    initial_s: float = 0.25
    max_s: float = 10.0
    give_up_after_s: float | None = 120.0

    def attempts(
        self, may_retry: Callable[[BaseException], bool], at_most: int | None = None
    ) -> AsyncRetrying:
        """Return a retry loop for errors that ``may_retry`` accepts. It starts without delay."""
        stops: list[stop_base] = [] if at_most is None else [stop_after_attempt(at_most)]
        if self.give_up_after_s is not None:
            stops.append(stop_before_delay(self.give_up_after_s))
        jitter = wait_random_exponential(multiplier=self.initial_s, max=self.max_s)

        def wait_s(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked_s = error.retry_after_s if isinstance(error, TryLaterError) else 0.0
            return max(asked_s, jitter(state))

        return AsyncRetrying(
            retry=retry_if_exception(may_retry),
            wait=wait_s,
            stop=stop_any(*stops),
            reraise=True,
        )


class Failures:
    """Waits after each of a series of consecutive failures."""

    def __init__(self, reconnect: Reconnect) -> None:
        self._reconnect = reconnect
        self._attempts: AsyncRetrying | None = None
        self._attempt: AttemptManager

    def end(self) -> None:
        """Record a success: the next failure starts a new series."""
        self._attempts = None

    async def wait(self, failure: Exception) -> None:
        """Wait until it is time to try again.

        Raises the failure if it may not be retried or the time to give up has come; for a
        TryLaterError, its ``problem``.
        """
        if self._attempts is None:
            self._attempts = aiter(self._reconnect.attempts(is_passing))
            self._attempt = await anext(self._attempts)
        self._attempt.retry_state.set_exception((type(failure), failure, None))
        try:
            self._attempt = await anext(self._attempts)
        except TryLaterError as error:
            raise error.problem from error


def is_passing(error: BaseException) -> bool:
    """Return True if the failure is temporary, so that a later attempt may succeed."""
    return isinstance(error, ServerUnreachableError | TryLaterError)


def is_full(error: BaseException) -> bool:
    """Return True if the server is full, or the client is over a limit (429).

    No other failure of the first connection is retried.
    """
    return isinstance(error, TryLaterError) and (
        error.status == TOO_MANY_REQUESTS or isinstance(error.problem, ServerFullError)
    )
