"""Questions to a worker for a camera's figures, and their answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from streamlab.bus.replies import Figures
from streamlab.bus.requests import Measure
from streamlab.errors import SourceUnreachableError
from streamlab.protocol.status import SyncFigures

TIMEOUT_S = 5.0


class FigureQuestions:
    """Asks for the synchronisation of one camera."""

    def __init__(self, camera_id: str, number: int, ask: Callable[[Measure], bool]) -> None:
        """``ask`` returns False if no worker runs the camera."""
        self._camera_id, self._number, self._ask = camera_id, number, ask
        self._numbers = itertools.count()
        self._open: dict[int, asyncio.Future[SyncFigures]] = {}

    async def ask(self, window_s: float) -> SyncFigures:
        """Return the synchronisation measured over the last ``window_s`` seconds.

        Raises SourceUnreachableError if no worker runs the camera, or the worker ends before it
        has answered, or has not within ``TIMEOUT_S``.
        """
        question = next(self._numbers)
        if not self._ask(Measure(self._number, question, window_s)):
            raise self._none()
        answer = self._open[question] = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.wait_for(answer, TIMEOUT_S)
        except TimeoutError:
            raise self._none() from None
        finally:
            del self._open[question]

    def receive(self, reply: Figures) -> None:
        """Take an answer; one that comes too late is ignored."""
        answer = self._open.get(reply.question)
        if answer is not None and not answer.done():
            answer.set_result(SyncFigures(**reply.figures))

    def receive_loss(self) -> None:
        """Give up the open questions: the worker does not run the camera any more."""
        for answer in self._open.values():
            if not answer.done():
                answer.set_exception(self._none())

    def _none(self) -> SourceUnreachableError:
        return SourceUnreachableError(
            f"camera '{self._camera_id}' has no figures at the moment",
            hint="It is being restarted. Try again in some seconds.",
        )
