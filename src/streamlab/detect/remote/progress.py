"""Tells a detector that hangs from one that works, by the progress that it reports. No clock.

The supervisor pings at even intervals; the detector replies with how many batches it has begun and
ended. It hangs if it is in the same batch for longer than its timeout, or if it is silent for as
many pings: silence is counted in pings, so that a supervisor that was busy itself, or a machine
that was suspended, is no reason to replace a detector.
"""

from __future__ import annotations

PINGS_PER_TIMEOUT = 4


class HangDetection:
    """Decides from replies to pings whether a detector hangs."""

    def __init__(self, timeout_ns: int) -> None:
        """Begin; a batch may take ``timeout_ns``."""
        self._timeout_ns = timeout_ns
        self._silent = 0
        self._batch = 0
        self._since_ns: int | None = None

    def receive_ping(self) -> bool:
        """Note that a ping is due; return True if the detector has been silent for too long."""
        self._silent += 1
        return self._silent > PINGS_PER_TIMEOUT + 1

    def receive_progress(self, begun: int, ended: int, now_ns: int) -> bool:
        """Note a reply: how many batches have begun and ended; return True if one hangs."""
        self._silent = 0
        if begun <= ended:
            self._since_ns = None
        elif self._since_ns is None or begun != self._batch:
            self._batch, self._since_ns = begun, now_ns
        else:
            return now_ns - self._since_ns >= self._timeout_ns
        return False
