"""A detector that cannot leave this process, such as a user's function, for clients in any process.

It cannot be ended when it hangs: its clients get no answers until it goes on.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections import Counter
from contextlib import suppress

from streamlab.detect.detector import Detector
from streamlab.detect.remote.connections import ConnectionProvider
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.process import DEFAULT_LIMITS
from streamlab.detect.remote.server import DetectorServer

log = logging.getLogger(__name__)
_END_TIMEOUT_S = 5.0


class DetectorThread:
    """Runs a detector in a thread, and connects clients to it as a ``DetectorProcess`` does."""

    def __init__(self, detector: Detector, limits: DetectorLimits = DEFAULT_LIMITS) -> None:
        """Start the thread; call it in an event loop.

        The thread closes the detector at its end, unless nobody has used it: a user may try again
        with it then.
        """
        self.name, self.kind = detector.name, detector.kind
        self._detector = detector
        self._server = DetectorServer(
            detector, max_batch=limits.max_batch, max_pixels=limits.max_pixels
        )
        self._clients = ConnectionProvider(self._connect)
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        threading.Thread(target=self._run, name=f"detect-{self.name}", daemon=True).start()

    @property
    def counts(self) -> Counter[str]:
        """See ``DetectorServer`` and ``BatchRunner``."""
        return self._server.counts + self._server.batches.counts

    @property
    def clients(self) -> int:
        """Number of clients that have not ended."""
        return len(self._clients)

    async def connect(self) -> socket.socket:
        """Return what a ``RemoteDetector``, in any process, needs. Raises LimitError."""
        return await self._clients.add()

    async def close(self) -> None:
        """End all connections, and the thread after its current batch."""
        self._clients.close()
        self._server.stop()
        # Not in another thread: at the end of the process none can be started.
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), _END_TIMEOUT_S)

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            with suppress(RuntimeError):  # the loop has closed
                self._loop.call_soon_threadsafe(self._ended.set)

    def _serve(self) -> None:
        self._server.run()
        if not self._server.counts["connections"]:
            return
        try:
            self._detector.close()
        except Exception:  # the end of a thread, in a user's code
            log.exception("detector %s cannot be closed", self.name)

    def _connect(self, end: socket.socket) -> str:
        self._server.add(end.dup())
        return ""
