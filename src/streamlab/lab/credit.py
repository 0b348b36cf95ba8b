"""Back-pressure from a view: how far it may fall behind before the kernel stops sending to it.

Everything between kernel and browser queues messages, without a bound and without reporting it. So
each batch is numbered, the browser acknowledges what it has received, and:

- nothing is sent while the oldest unacknowledged batch is older than ``MAX_LAG_S``, or more than
  ``MAX_UNHEARD_BYTES`` are unacknowledged;
- a view that has sent nothing for ``GONE_S`` is gone.

A kernel that runs a cell may receive no message until the cell ends, however fast the browser is.
So time counts only up to the last moment at which an acknowledgement would have been received
(``KernelListener``): the stream continues through a cell that blocks for a minute, and the byte
limit still applies.
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
    """Tracks the unacknowledged batches of one view.

    ``listened_ns`` is the last time at which an acknowledgement would have been received. All times
    are monotonic.
    """

    def __init__(self, now_ns: int) -> None:
        self.heard = False
        """True once the view has acknowledged a batch."""
        self.unheard_bytes = 0
        self.peak_bytes = 0
        self._heard_ns = now_ns
        self._number = 0
        self._unheard: deque[tuple[int, int, int]] = deque()  # number, bytes, time sent in ns

    def send(self, size: int, now_ns: int) -> int:
        """Record a batch of ``size`` bytes that is sent now, and return its number."""
        self._number += 1
        self._unheard.append((self._number, size, now_ns))
        self.unheard_bytes += size
        self.peak_bytes = max(self.peak_bytes, self.unheard_bytes)
        return self._number

    def receive_word(self, now_ns: int) -> None:
        """Record that the view sent a message."""
        self._heard_ns = max(self._heard_ns, now_ns)

    def receive_ack(self, number: int, now_ns: int) -> None:
        """Record that the view has received the batches up to ``number``."""
        self.heard = True
        self.receive_word(now_ns)
        while self._unheard and self._unheard[0][0] <= number:
            self.unheard_bytes -= self._unheard.popleft()[1]

    def may_send(self, listened_ns: int) -> bool:
        """Return True if the view keeps up."""
        if self.unheard_bytes > MAX_UNHEARD_BYTES:
            return False
        return not self._unheard or listened_ns - self._unheard[0][2] < MAX_LAG_S * NS_PER_S

    def is_gone(self, listened_ns: int) -> bool:
        """Return True if the view has been silent for longer than ``GONE_S``."""
        return listened_ns - self._heard_ns > GONE_S * NS_PER_S


class KernelListener:
    """Tracks up to when the kernel could receive front-end messages; a running cell blocks them.

    The kernel's event loop (``kernel_loop``; None: there is none to wait for) is pinged every
    ``PING_S``. It also answers between queued cells, when it still receives no messages, so its
    answers count only after ``SETTLED_S`` without a late one. Messages that arrive on another
    thread (kernel subshells) are always received. For use by one thread, except ``receive_word``.
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
        """Record on which thread a message was received."""
        if not on_kernel_thread:
            self._always = True

    def ping(self) -> None:
        """Ping the kernel's loop unless an answer is outstanding. Call every ``PING_S``."""
        if self._always or self._kernel_loop is None or self._asked_ns is not None:
            return
        if self._kernel_loop.is_closed():
            return
        self._asked_ns = self._clock_ns()
        self._kernel_loop.call_soon_threadsafe(self._answer)

    def listened_ns(self) -> int:
        """Return the time up to which all messages sent to the kernel have been received."""
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
