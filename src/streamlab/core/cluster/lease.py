"""A worker's lease on one camera, kept in a key of the broker that at most one worker can hold.

The key is written by compare-and-set, and the broker removes it ``ttl_ns`` after the last write.
Rules:

- the *epoch* of an owner is the revision of the write that created the key. Revisions only grow, so
  a later owner always has a larger epoch;
- a lease counts from the moment its request was *sent*, and ends ``margin_ns`` before the broker
  may remove the key. The worker's own clock ends it, whatever the broker says by then; that clock
  must go on while the machine is suspended (``CLOCK_BOOTTIME``);
- it is renewed every quarter of its length, one request at a time. A refused renewal ends it at
  once; a request without an answer is repeated, and its late answer is ignored;
- a lease that is given up ends first, and its key is deleted afterwards.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S

TTL_NS = 2 * NS_PER_S
MARGIN_NS = 200 * NS_PER_MS
"""For clocks that run at different rates, and for messages that are on their way to a server."""
RENEWALS = 4
"""Renewals in the length of a lease: three may be lost."""


# ``Create`` and ``Update`` are answered with ``receive_written`` or ``receive_refusal``.
class Create(NamedTuple):
    """Create the key; to be refused if it exists."""

    request: int


class Update(NamedTuple):
    """Write the key again; to be refused unless its revision is ``revision``."""

    request: int
    revision: int
    epoch: int


class Delete(NamedTuple):
    """Delete the key if its revision is ``revision``; no answer is needed."""

    revision: int


class Acquired(NamedTuple):
    """The camera is owned from now on: what is published carries this epoch."""

    epoch: int


class Lost(NamedTuple):
    """The camera is not owned any more: publish nothing of it."""

    reason: str


LeaseEvent = Create | Update | Delete | Acquired | Lost


class Lease:
    """Requests, renews and gives up the ownership of one camera.

    Call ``handle_timer`` before anything is published after a pause: ``holds`` looks at the clock,
    but only the timer reports the loss.
    """

    def __init__(self, *, ttl_ns: int = TTL_NS, margin_ns: int = MARGIN_NS) -> None:
        if not 0 <= margin_ns < ttl_ns * (RENEWALS - 1) // RENEWALS:
            raise ValueError("the margin leaves no time to renew the lease")
        self.epoch = 0
        """Of the ownership; 0 while the camera is not owned."""
        self._length_ns = ttl_ns - margin_ns
        self._renew_ns = ttl_ns // RENEWALS
        self._until_ns = 0
        self._revision = 0
        self._request = 0  # the newest; answers to older ones are ignored
        self._sent_ns: int | None = None  # of the request that has no answer yet
        self._next_ns: int | None = None  # when to renew
        self._events: deque[LeaseEvent] = deque()

    @property
    def is_asking(self) -> bool:
        """True while a request to own the camera has no answer."""
        return self._sent_ns is not None and not self.epoch

    def holds(self, now_ns: int) -> bool:
        """Return True if the camera may be published with ``epoch`` at ``now_ns``."""
        return bool(self.epoch) and now_ns < self._until_ns

    def request_ownership(self, now_ns: int) -> None:
        """Ask for the camera, unless it is owned or asked for already."""
        if not self.epoch and self._sent_ns is None:
            self._events.append(Create(self._send(now_ns)))

    def request_release(self, now_ns: int) -> None:
        """Give the camera up."""
        if self.epoch:
            revision = self._revision
            self._lose("it was handed over" if now_ns < self._until_ns else _EXPIRED)
            self._events.append(Delete(revision))
        self._forget_request()

    def receive_written(self, request: int, revision: int, now_ns: int) -> None:
        """Receive the revision of a write that was asked for."""
        sent_ns = self._sent_ns
        if request != self._request or sent_ns is None:
            if not self.epoch:  # asked for and given up since: nobody else can have it until then
                self._events.append(Delete(revision))
            return
        self._sent_ns = None
        self._revision, self._until_ns = revision, sent_ns + self._length_ns
        if now_ns >= self._until_ns:
            self._lose(_EXPIRED)
            return
        self._next_ns = sent_ns + self._renew_ns
        if not self.epoch:
            self.epoch = revision
            self._events.append(Acquired(revision))

    def receive_refusal(self, request: int) -> None:
        """Receive that a write was refused: the key is another worker's, or is gone."""
        if request == self._request and self._sent_ns is not None:
            self._lose("another worker has taken it")
            self._forget_request()

    def get_timer(self) -> int | None:
        """Return when ``handle_timer`` is due, or None."""
        dues = [self._until_ns] if self.epoch else []
        if self._sent_ns is not None:
            dues.append(self._sent_ns + self._renew_ns)
        elif self._next_ns is not None:
            dues.append(self._next_ns)
        return min(dues, default=None)

    def handle_timer(self, now_ns: int) -> None:
        """Renew the lease, repeat a request, or end what has expired."""
        if self.epoch and now_ns >= self._until_ns:
            self._lose(_EXPIRED)
            self._forget_request()
        if self._sent_ns is not None and now_ns >= self._sent_ns + self._renew_ns:
            self._sent_ns = None
            if self.epoch:
                self._next_ns = now_ns
        if self._next_ns is not None and self._sent_ns is None and now_ns >= self._next_ns:
            self._next_ns = None
            self._events.append(Update(self._send(now_ns), self._revision, self.epoch))

    def next_event(self) -> LeaseEvent | None:
        """Return the next event for the caller to act on, or None."""
        return self._events.popleft() if self._events else None

    def _send(self, now_ns: int) -> int:
        self._request += 1
        self._sent_ns = now_ns
        return self._request

    def _lose(self, reason: str) -> None:
        self._next_ns = None
        if self.epoch:
            self.epoch = 0
            self._events.append(Lost(reason))

    def _forget_request(self) -> None:
        self._sent_ns = self._next_ns = None


_EXPIRED = "its lease could not be renewed in time"
