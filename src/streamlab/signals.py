"""Ctrl-C and termination requests, for event loops and for waiting threads."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from types import FrameType

# Ctrl-C and termination requests. On Windows the latter is Ctrl-Break: SIGTERM kills at once.
STOP_SIGNALS: tuple[signal.Signals, ...] = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGBREAK")
    if name in signal.Signals.__members__
)


@contextmanager
def stop_signals(stop: Callable[[int], object]) -> Iterator[None]:
    """Call ``stop`` with the signal number in the running loop, instead of ending the process.

    Main thread only. The previous handlers are restored on exit.
    """
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        for number in STOP_SIGNALS:
            stack.callback(signal.signal, number, signal.getsignal(number))
            try:
                loop.add_signal_handler(number, stop, number)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda number, _: loop.call_soon_threadsafe(stop, number))
            else:
                stack.callback(loop.remove_signal_handler, number)
        yield


def notice_stop(notice: Callable[[], object]) -> None:
    """Call ``notice`` in the running loop on stop signals, beside the handlers that are there.

    Signals that a server does not handle, which end the process at once, are left alone. Main
    thread only; elsewhere this has no effect.
    """
    handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not callable(handlers[signal.SIGTERM]):
        return
    loop = asyncio.get_running_loop()
    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, partial(_call_both, loop, notice, handler))


def _call_both(
    loop: asyncio.AbstractEventLoop,
    notice: Callable[[], object],
    handler: Callable[[int, FrameType | None], object],
    number: int,
    frame: FrameType | None,
) -> None:
    with suppress(RuntimeError):  # the loop has closed
        loop.call_soon_threadsafe(notice)
    handler(number, frame)


@contextmanager
def noted_interrupt() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C was pressed; nothing is raised for it.

    KeyboardInterrupt is lost if it is raised while a finalizer runs. Main thread only.
    """
    noted = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: noted.set())
    try:
        yield noted.is_set
    finally:
        signal.signal(signal.SIGINT, before)
