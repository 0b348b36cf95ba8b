"""An event loop on a separate thread, with synchronous calls into it from other threads."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, wait
from contextlib import suppress
from typing import Any, TypeVar

import uvicorn

from streamlab.errors import StreamlabError

T = TypeVar("T")
STOP_TIMEOUT_S = 5.0
INTERRUPT_CHECK_S = 0.25
# A busy notebook cell holds the GIL for this long at a time, and every frame waits for it in each
# thread that it passes. With Python's default of 5 ms the annotated channel cannot keep up.
SWITCH_INTERVAL_S = 0.0005


class LoopStoppedError(StreamlabError, RuntimeError):
    """The loop has stopped, so the work was not done, or not to its end."""


class LoopThread:
    """Runs an event loop until stopped, on a daemon thread, which never keeps the process alive.

    Creating one lowers the switch interval of the whole process to ``SWITCH_INTERVAL_S``.
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
        """True while the thread runs."""
        return self._thread.is_alive()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` on the loop and return its result; Ctrl-C cancels it.

        Must not be called from the loop's own thread. Raises LoopStoppedError if the loop stops
        before ``work`` is done, and what ``work`` raises; the hint of a StreamlabError is added as
        a note to its traceback.
        """
        try:
            waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            work.close()
            raise LoopStoppedError("the loop has stopped") from None
        try:
            # Windows delivers Ctrl-C to a waiting thread only when its wait ends.
            while not wait([waiting], timeout=INTERRUPT_CHECK_S).done:
                if not self.running and not waiting.done():
                    raise LoopStoppedError("the loop has stopped")
            return waiting.result()
        except KeyboardInterrupt:
            waiting.cancel()
            raise
        except CancelledError:
            raise LoopStoppedError("the loop has stopped") from None
        except StreamlabError as error:
            if error.hint:
                error.add_note(error.hint)
            raise

    def post(self, call: Callable[..., object], *arguments: object) -> None:
        """Schedule ``call`` on the loop; do nothing if it has stopped."""
        with suppress(RuntimeError):  # it has closed
            self._loop.call_soon_threadsafe(call, *arguments)

    def stop(self) -> None:
        """Stop the loop and wait for its thread, at most ``STOP_TIMEOUT_S``."""
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
