"""Work that completes even if whoever began it is cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from streamlab.errors import StreamlabError

log = logging.getLogger(__name__)
T = TypeVar("T")


class Unfinished:
    """The work that was begun and has not ended, in one event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
        """Begin ``work``; the future has its result, and cancelling the future does not stop it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return asyncio.shield(task)

    async def wait(self) -> None:
        """Wait until everything has ended, also what is begun meanwhile."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, StreamlabError):  # the caller may be gone
            log.error("a request to the cameras failed", exc_info=error)
