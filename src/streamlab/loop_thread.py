"""An event loop on a thread of its own, and synchronous calls into it from any other thread."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import wait
from typing import Any, TypeVar

import uvicorn

from streamlab.errors import StreamlabError

T = TypeVar("T")
STOP_TIMEOUT_S = 5.0
INTERRUPT_CHECK_S = 0.25
# A cell that computes keeps the interpreter for so long at a time, and every frame on its way waits
# for it at each thread. With Python's own 5 ms the annotated channel cannot keep up with that.
SWITCH_INTERVAL_S = 0.0005


class LoopThread:
    """Runs a loop until it is stopped. The thread is a daemon: it never keeps a process alive.

    The process's threads take turns more often from then on.
    """

    def __init__(self, name: str) -> None:
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_INTERVAL_S))
        # uvicorn's choice of event loop: uvloop where it is installed.
        new_loop = uvicorn.Config(lambda: None, log_config=None).get_loop_factory()
        self._loop = (new_loop or asyncio.new_event_loop)()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` returns; Ctrl-C cancels it. Not from the loop's own thread.

        The loop must run: ask ``running``.
        Raises what ``work`` raises; the hint of a StreamlabError becomes a note of its traceback.
        """
        waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            # Windows delivers Ctrl-C to a thread that waits only when its wait is over.
            while not wait([waiting], timeout=INTERRUPT_CHECK_S).done:
                pass
            return waiting.result()
        except KeyboardInterrupt:
            waiting.cancel()
            raise
        except StreamlabError as error:
            if error.hint:
                error.add_note(error.hint)
            raise

    def post(self, call: Callable[..., object], *arguments: object) -> None:
        """Have ``call`` called by the loop soon; nothing happens when it has stopped."""
        if self.running and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)

    def stop(self) -> None:
        """End the loop and wait for its thread."""
        self.post(self._loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
