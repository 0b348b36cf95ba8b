"""Starts child processes and sees them end.

On Linux and macOS a fork server starts them: it has imported what they need, so that a child takes
about 10 ms and shares its memory with the others. Elsewhere they are spawned. A child lives no
longer than this process: the kernel ends it then (``processes.lifeline``).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import SpawnContext
from typing import Literal, TypeAlias

from streamlab.processes.lifeline import end_with
from streamlab.processes.system import may_fork

if sys.platform != "win32":
    from multiprocessing import forkserver
    from multiprocessing.context import ForkServerContext

    _Context: TypeAlias = ForkServerContext | SpawnContext
else:
    _Context: TypeAlias = SpawnContext

StartMethod = Literal["forkserver", "spawn"]
# A thread that a library starts while it is imported would not be in a forked child.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
Main = Callable[..., None]


def default_start_method() -> StartMethod:
    """Return the fastest start method of this system, if it may be used (``system.may_fork``)."""
    is_there = "forkserver" in get_all_start_methods()
    return "forkserver" if is_there and may_fork() else "spawn"


def prepare_children(*modules: str, method: StartMethod | None = None) -> None:
    """Start the fork server, if children are forked, with these modules. Returns at once.

    It imports in the background; the first child waits until it has. Each child that is forked
    shares the memory of what was imported before.
    """
    if sys.platform != "win32" and (method or default_start_method()) == "forkserver":
        context = get_context("forkserver")
        context.set_forkserver_preload(list(modules))
        with _without_main(), _single_threaded():
            forkserver.ensure_running()


class ChildProcess:
    """A running child, in the event loop that started it."""

    def __init__(
        self, name: str, main: Main, *args: object, method: StartMethod | None = None
    ) -> None:
        """Start ``main(end, *args)`` in a new process.

        Args:
            name: for logs.
            main: a function of a module, which the fork server imports if this child is its first;
                it gets one end of a socket, and ``socket`` is the other.
            args: can be pickled; sockets among them are passed on.
            method: how to start it; None: the fastest way.
        """
        self.name = name
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done when the process has ended: why, in words."""
        self.socket, end = socket.socketpair()
        self._lifeline, far = socket.socketpair()
        context = _context(method or default_start_method(), main)
        arguments = (main, end, far, *args)
        self._process = context.Process(target=_run, args=arguments, name=name, daemon=True)
        try:
            with end, far, _without_main(), _single_threaded():
                self._process.start()
        except BaseException:
            self.socket.close()
            self._lifeline.close()
            raise
        assert self._process.pid is not None
        self.pid = self._process.pid
        """Its process id."""
        threading.Thread(target=self._wait, name=f"wait-{name}", daemon=True).start()

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        if not self.ended.done():
            self._process.kill()

    def _wait(self) -> None:
        self._process.join()
        self._lifeline.close()
        with suppress(RuntimeError):  # the loop has closed
            self.ended.get_loop().call_soon_threadsafe(self._receive_end)

    def _receive_end(self) -> None:
        why = _words(self._process.exitcode)
        self._process.close()
        if not self.ended.done():
            self.ended.set_result(why)


def _words(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"it was ended by {signal.Signals(-exitcode).name}"
    return f"it exited with status {exitcode}"


def _context(method: StartMethod, main: Main) -> _Context:
    if sys.platform != "win32" and method == "forkserver":
        context = get_context("forkserver")
        context.set_forkserver_preload([main.__module__])
        return context
    return get_context("spawn")


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Let libraries of a fork server, or a child, that starts now work in one thread."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep multiprocessing from importing this process's ``__main__`` in the child.

    It is not needed there, and imports the whole command line: 1.5 s and 100 MB.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _run(main: Main, end: socket.socket, lifeline: socket.socket, *args: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this one
    end_with(lifeline)
    main(end, *args)
