"""Ctrl-C: parts end early, and the table says what they had done until then."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

stopping = threading.Event()
"""Set once Ctrl-C was pressed. What fails from then on has failed because of it."""


@contextmanager
def first_interrupt_noted() -> Iterator[None]:
    """Set ``stopping`` at the first Ctrl-C in the body; the second one raises as usual."""
    before = signal.getsignal(signal.SIGINT)

    def note(signum: int, frame: object) -> None:
        stopping.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("\nstopping", flush=True)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
