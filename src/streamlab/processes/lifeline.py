"""Ends a process with the one that has started it, even while native code hangs."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment,unused-ignore]


def end_with(lifeline: socket.socket) -> None:
    """Let the kernel end this process as soon as the other end of a socket is closed.

    Nothing is sent over it. Only Linux can (fcntl(2), F_SETSIG); elsewhere a process must notice
    the end of another connection itself.
    """
    if sys.platform == "linux" and fcntl is not None and hasattr(signal, "SIGKILL"):
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        with suppress(BlockingIOError):
            lifeline.recv(1)
            os._exit(0)  # it was closed before
