"""The detector processes that one worker is connected to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from streamlab.bus.definition import movable_recipe
from streamlab.bus.passed_sockets import SocketSender
from streamlab.bus.requests import DetectorReference, ProcessDetector
from streamlab.detect.detector import Detector
from streamlab.detect.load import Recipe, needs_process
from streamlab.detect.remote.pool import DetectorPool
from streamlab.detect.remote.process import DetectorProcess
from streamlab.errors import StreamlabError

log = logging.getLogger(__name__)


class DetectorShares:
    """Connects a worker to each detector process once, for as long as a camera needs it."""

    def __init__(self, detectors: DetectorPool) -> None:
        self._detectors = detectors
        self._sender: SocketSender | None = None
        self._pid = self._count = 0
        self._shared: dict[Recipe, tuple[ProcessDetector, DetectorProcess]] = {}
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
        recipe = movable_recipe(detector)
        if not needs_process(recipe.model):
            return recipe
        async with self._turn:
            if recipe not in self._shared:
                try:
                    await self._connect(recipe, self._sender)
                except (StreamlabError, OSError) as error:
                    log.error("detector %s cannot be used: %s", detector.name, error)
                    return ProcessDetector(0, detector.name, detector.kind)
            return self._shared[recipe][0]

    async def _connect(self, recipe: Recipe, sender: SocketSender | None) -> None:
        if sender is None:  # no process is started for a worker that there is not
            raise EOFError("the worker has ended")
        process = await self._detectors.acquire(recipe.model, recipe.options)
        try:
            with await process.connect() as end:
                if sender is not self._sender:
                    raise EOFError("the worker has ended")
                self._count += 1
                sender.send(self._count, end, self._pid)
        except BaseException:
            await self._detectors.release(process)
            raise
        reference = ProcessDetector(self._count, process.name, process.kind)
        self._shared[recipe] = reference, process

    def keep(self, used: Iterable[Detector]) -> None:
        """Let go of the detector processes that none of these detectors is."""
        needed = {movable_recipe(each) for each in used}
        for recipe in self._shared.keys() - needed:
            self._release(recipe)

    async def end(self) -> None:
        """Let go of all: the worker has ended."""
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.close()
        for recipe in list(self._shared):
            self._release(recipe)
        await asyncio.gather(*self._ending)

    def _release(self, recipe: Recipe) -> None:
        _, process = self._shared.pop(recipe)
        task = asyncio.create_task(self._detectors.release(process))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
