"""The detectors outside a worker that it is connected to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from streamlab.bus.definition import movable_origin
from streamlab.bus.passed_sockets import SocketSender
from streamlab.bus.requests import DetectorReference, ProcessDetector
from streamlab.detect.detector import Detector
from streamlab.detect.load import Origin, Recipe, needs_process
from streamlab.detect.remote.pool import DetectorPool, Served
from streamlab.errors import StreamlabError

log = logging.getLogger(__name__)


class DetectorShares:
    """Connects a worker to each detector once, for as long as a camera needs it."""

    def __init__(self, detectors: DetectorPool) -> None:
        self._detectors = detectors
        self._sender: SocketSender | None = None
        self._pid = self._count = 0
        self._shared: dict[Origin, tuple[ProcessDetector, Served]] = {}
        self._turn = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()

    def begin(self, sender: SocketSender, pid: int) -> None:
        """Serve a new worker process, which is connected to no detector."""
        self._sender, self._pid = sender, pid

    async def share(self, detector: Detector) -> DetectorReference:
        """Return what the worker needs to use a detector.

        Raises EOFError if the worker has ended. A model that cannot be loaded is a detector that
        fails until the camera starts anew.
        """
        origin = movable_origin(detector)
        if isinstance(origin, Recipe) and not needs_process(origin.model):
            return origin
        async with self._turn:
            if origin not in self._shared:
                try:
                    await self._connect(origin, self._sender)
                except (StreamlabError, OSError) as error:
                    log.error("detector %s cannot be used: %s", detector.name, error)
                    return ProcessDetector(0, detector.name, detector.kind)
            return self._shared[origin][0]

    async def _connect(self, origin: Origin, sender: SocketSender | None) -> None:
        if sender is None:  # no process is started for a worker that there is not
            raise EOFError("the worker has ended")
        served = await self._detectors.acquire(origin)
        try:
            with await served.connect() as end:
                if sender is not self._sender:
                    raise EOFError("the worker has ended")
                self._count += 1
                sender.send(self._count, end, self._pid)
        except BaseException:
            await self._detectors.release(served)
            raise
        reference = ProcessDetector(self._count, served.name, served.kind)
        self._shared[origin] = reference, served

    def keep(self, used: Iterable[Detector]) -> None:
        """Let go of the detectors that are none of these."""
        needed = {movable_origin(each) for each in used}
        for origin in self._shared.keys() - needed:
            self._release(origin)

    async def end(self) -> None:
        """Let go of all: the worker has ended."""
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.close()
        for origin in list(self._shared):
            self._release(origin)
        await asyncio.gather(*self._ending)

    def _release(self, origin: Origin) -> None:
        _, served = self._shared.pop(origin)
        task = asyncio.create_task(self._detectors.release(served))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
