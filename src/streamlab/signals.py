"""Delivers SIGINT and SIGTERM to an event loop, even one without signal handler support."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

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
