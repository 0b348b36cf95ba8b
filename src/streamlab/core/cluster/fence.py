"""Lets through what the newest owner of each camera publishes, and drops what older ones do."""

from __future__ import annotations

from collections import Counter


class EpochFence:
    """Knows the newest epoch of one camera. A server asks it about every message."""

    def __init__(self) -> None:
        self.epoch = 0
        """The newest epoch seen; 0: none yet."""
        self.counts: Counter[str] = Counter()

    def receive_lease(self, epoch: int) -> bool:
        """Receive the epoch of a lease that was seen in the bucket; True if it is a newer one."""
        is_newer = epoch > self.epoch
        self.epoch = max(self.epoch, epoch)
        return is_newer

    def lets_through(self, epoch: int) -> bool:
        """Return True for a message of the newest owner; count one of an older owner."""
        if epoch < self.epoch:
            self.counts["older_epoch_dropped"] += 1
            return False
        self.epoch = epoch
        return True
