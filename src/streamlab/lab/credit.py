"""How far a view may fall behind before the kernel stops sending to it.

Messages to a browser are queued by everything in between, without a bound and without saying so.
So each batch has a number, the browser acknowledges what it has taken, and:

- nothing is sent while the oldest batch that is not acknowledged is older than ``MAX_LAG_S``, or
  more than ``MAX_UNHEARD_BYTES`` are on their way;
- a view that has said nothing for ``GONE_S`` is gone.

A kernel that runs a cell may hear nothing until the cell ends, however quick the browser is. So
time counts only up to the last moment at which an answer would have been heard
(``KernelListener``): through a cell that blocks for a minute the stream goes on, and the bytes are
bounded.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from streamlab.core.time.timebase import NS_PER_S

MAX_LAG_S = 3.0
MAX_UNHEARD_BYTES = 32 << 20
GONE_S = 10.0
PING_S = 0.25
SETTLED_S = 2.0


class Credit:
    """What is on its way to one view. ``listened_ns``: up to when an answer would be known."""

    def __init__(self, now_ns: int) -> None:
        self.heard = False
        """Whether the view has ever acknowledged anything."""
        self.unheard_bytes = 0
        self.peak_bytes = 0
        self._heard_ns = now_ns
        self._number = 0
        self._unheard: deque[tuple[int, int, int]] = deque()  # number, bytes, sent

    def send(self, size: int, now_ns: int) -> int:
        """Return the number of a batch of ``size`` bytes that is sent now."""
        self._number += 1
        self._unheard.append((self._number, size, now_ns))
        self.unheard_bytes += size
        self.peak_bytes = max(self.peak_bytes, self.unheard_bytes)
        return self._number

    def receive_word(self, now_ns: int) -> None:
        """Take a sign of life."""
        self._heard_ns = max(self._heard_ns, now_ns)

    def receive_ack(self, number: int, now_ns: int) -> None:
        """Take that the batches up to ``number`` have arrived."""
        self.heard = True
        self.receive_word(now_ns)
        while self._unheard and self._unheard[0][0] <= number:
            self.unheard_bytes -= self._unheard.popleft()[1]

    def may_send(self, listened_ns: int) -> bool:
        """Return whether the view keeps up."""
        if self.unheard_bytes > MAX_UNHEARD_BYTES:
            return False
        return not self._unheard or listened_ns - self._unheard[0][2] < MAX_LAG_S * NS_PER_S

    def is_gone(self, listened_ns: int) -> bool:
        """Return whether the view has been silent for too long."""
        return listened_ns - self._heard_ns > GONE_S * NS_PER_S


class KernelListener:
    """Knows up to when the kernel could hear its front end: a cell that runs keeps it from it.

    The kernel's loop (``kernel_loop``; None: there is none to wait for) is asked every ``PING_S``.
    Between cells that were queued it answers too, and yet hears nothing: so it counts only when
    it has answered for ``SETTLED_S`` without a break. Where messages come on a thread of their own
    (kernel subshells) they are always heard. Used by one thread, but for ``receive_word``.
    """

    def __init__(
        self, kernel_loop: asyncio.AbstractEventLoop | None, clock_ns: Callable[[], int]
    ) -> None:
        self._kernel_loop = kernel_loop
        self._clock_ns = clock_ns
        self._always = kernel_loop is None
        self._asked_ns: int | None = None
        self._since_ns = self._listened_ns = clock_ns()

    def receive_word(self, *, on_kernel_thread: bool) -> None:
        """Take that a message was heard, and where."""
        if not on_kernel_thread:
            self._always = True

    def ping(self) -> None:
        """Ask the kernel's loop, unless it still owes an answer. Call every ``PING_S``."""
        if self._always or self._kernel_loop is None or self._asked_ns is not None:
            return
        if self._kernel_loop.is_closed():
            return
        self._asked_ns = self._clock_ns()
        self._kernel_loop.call_soon_threadsafe(self._answer)

    def listened_ns(self) -> int:
        """Return up to when everything that was said has been heard."""
        now_ns = self._clock_ns()
        if self._always:
            return now_ns
        deaf = self._asked_ns is not None and now_ns - self._asked_ns > PING_S * NS_PER_S
        if not deaf and now_ns - self._since_ns > SETTLED_S * NS_PER_S:
            self._listened_ns = now_ns
        return self._listened_ns

    def _answer(self) -> None:
        now_ns, asked_ns = self._clock_ns(), self._asked_ns
        if asked_ns is not None and now_ns - asked_ns > PING_S * NS_PER_S:
            self._since_ns = now_ns
        self._asked_ns = None
