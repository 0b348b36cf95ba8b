"""Reports what keeps the event loop of the server from running.

While the loop is blocked, no viewer gets a fragment and no request an answer. A callback in the
loop beats every ``BEAT_NS``; a thread notices a beat that is overdue and samples the stack of the
loop's thread. It neither interrupts nor ends what blocks the loop.

Rules:

- a block is a beat more than ``LIMIT_NS`` late. It is counted when the loop runs again, and logged
  once, with its length and the sampled stack;
- one that lasts longer than ``REPORT_AFTER_NS`` is logged while it lasts, and not again;
- a block in which the loop's own thread used the CPU for longer than ``LIMIT_NS`` is the work of
  the server. Others may be those of a machine that has no time for it;
- a call that holds the interpreter stops the thread too: such a block is logged without a stack.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from streamlab.clock import monotonic_ns, thread_cpu_ns
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S

log = logging.getLogger(__name__)
BEAT_NS = 50 * NS_PER_MS
LIMIT_NS = 100 * NS_PER_MS
REPORT_AFTER_NS = 10 * NS_PER_S
MAX_STACK_ENTRIES = 12
NOT_SAMPLED = "  (unknown: it held the interpreter, or ended before it could be sampled)\n"


class Beats:
    """The beats of a loop, and how late the next one is. Time comes in as an argument."""

    def __init__(self, now_ns: int) -> None:
        self.due_ns = now_ns + BEAT_NS
        """When the next beat is due; it identifies a block."""

    def receive_beat(self, now_ns: int) -> int:
        """Record a beat; return the length of the block that it ends, ns, or 0."""
        late_ns = self.late_ns(now_ns)
        self.due_ns = now_ns + BEAT_NS
        return late_ns

    def late_ns(self, now_ns: int) -> int:
        """Return for how long the loop has been blocked, or 0 within the limit."""
        late_ns = now_ns - self.due_ns
        return late_ns if late_ns > LIMIT_NS else 0


class LoopWatchdog:
    """Watches the loop that ``running`` is entered in; once only."""

    def __init__(self) -> None:
        self.blocks = 0
        """How often the loop was blocked."""
        self.blocked_ns = 0
        """For how long, in total."""
        self.busy_blocks = 0
        """The blocks in which the loop's own thread used the CPU for more than ``LIMIT_NS``."""
        self._cpu_ns = 0
        self._beats = Beats(0)
        self._ended: deque[tuple[int, int]] = deque()  # blocks by due_ns, and their lengths
        self._stopped = threading.Event()
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Watch the running loop inside the ``with`` block."""
        loop = asyncio.get_running_loop()
        self._beats = Beats(monotonic_ns())
        self._cpu_ns = thread_cpu_ns()
        self._beat_later(loop)
        watching = threading.Thread(
            target=self._watch, args=[threading.get_ident()], name="loop-watchdog", daemon=True
        )
        watching.start()
        try:
            yield
        finally:
            assert self._timer is not None
            self._timer.cancel()
            self._stopped.set()
            watching.join()

    def _beat_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(BEAT_NS / NS_PER_S, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        due_ns = self._beats.due_ns
        late_ns = self._beats.receive_beat(monotonic_ns())
        cpu_ns, self._cpu_ns = thread_cpu_ns() - self._cpu_ns, thread_cpu_ns()
        if late_ns:
            self.blocks += 1
            self.busy_blocks += cpu_ns > LIMIT_NS
            self.blocked_ns += late_ns
            self._ended.append((due_ns, late_ns))
        self._beat_later(loop)

    def _watch(self, thread_id: int) -> None:
        """Sample and log blocks, in a thread; it wakes up about ten times a second."""
        sampled_ns, stack, reported_ns = 0, "", 0
        while True:
            due_ns, now_ns = self._beats.due_ns, monotonic_ns()
            wait_ns = due_ns + LIMIT_NS - now_ns
            is_stopped = self._stopped.wait(max(BEAT_NS, wait_ns) / NS_PER_S)
            while self._ended:
                ended_ns, late_ns = self._ended.popleft()
                if ended_ns != reported_ns:
                    _report(late_ns, stack if ended_ns == sampled_ns else NOT_SAMPLED)
            if is_stopped:
                return
            due_ns = self._beats.due_ns
            late_ns = self._beats.late_ns(monotonic_ns())
            if late_ns and due_ns != sampled_ns:
                sampled_ns, stack = due_ns, _stack_of(thread_id)
            elif late_ns > REPORT_AFTER_NS and due_ns != reported_ns:
                reported_ns = due_ns
                _report(late_ns, stack, so_far=" so far")


def _report(late_ns: int, stack: str, so_far: str = "") -> None:
    late_ms = late_ns / NS_PER_MS
    log.warning("the event loop was blocked for %.0f ms%s, in:\n%s", late_ms, so_far, stack)


def _stack_of(thread_id: int) -> str:
    """Return the innermost calls of a thread, the latest last."""
    frame = sys._current_frames().get(thread_id)
    if frame is None:
        return NOT_SAMPLED
    return "".join(traceback.format_stack(frame, MAX_STACK_ENTRIES)).rstrip()
