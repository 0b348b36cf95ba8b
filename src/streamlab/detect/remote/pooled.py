"""A detector of a pool, in the process that owns the pool: described, but not loaded there."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

from streamlab.detect.detector import Detector, DetectorKind
from streamlab.detect.load import LocalDetector, Origin
from streamlab.detect.remote.client import RemoteDetector


class PooledDetector(RemoteDetector):
    """Holds a use of a detector until it is closed.

    It has the detector's name and kind, and ``detect`` asks the detector, wherever that runs.
    """

    def __init__(
        self,
        control: socket.socket,
        name: str,
        kind: DetectorKind,
        origin: Origin,
        timeout_s: float,
        end_use: Callable[[], None],
    ) -> None:
        """``end_use`` is called once, from any thread. The rest is as for ``RemoteDetector``."""
        super().__init__(control, name, kind, timeout_s=timeout_s)
        self.origin = origin
        """What other processes share this detector by."""
        self._end_use: list[Callable[[], None]] = [end_use]

    @property
    def given(self) -> Detector:
        """The detector that a user has given; this one if it was loaded by name."""
        return self.origin.detector if isinstance(self.origin, LocalDetector) else self

    def close(self) -> None:
        """End the use of the detector."""
        super().close()
        with suppress(IndexError, RuntimeError):  # it was closed before; the loop has closed
            self._end_use.pop()()
