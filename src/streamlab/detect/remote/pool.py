"""The detectors that a server runs for its workers: one for all users of a model, or a function."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

from streamlab.detect.load import Origin, Recipe
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.pooled import PooledDetector
from streamlab.detect.remote.process import DEFAULT_LIMITS, DetectorProcess
from streamlab.detect.remote.thread import DetectorThread
from streamlab.processes.child import StartMethod

Served: TypeAlias = DetectorProcess | DetectorThread


class _Entry:
    """A detector, or its start, and how many use it."""

    def __init__(self, start: asyncio.Task[Served]) -> None:
        self.start = start
        self.uses = 0


class DetectorPool:
    """Starts a detector when it is first used, and ends it with its last use.

    A model runs in a process of its own; a detector that exists in this process only, in a thread.
    """

    def __init__(
        self, limits: DetectorLimits = DEFAULT_LIMITS, *, method: StartMethod | None = None
    ) -> None:
        """Begin without detectors; all get the same ``limits``, and processes start ``method``."""
        self._limits, self._method = limits, method
        self._entries: dict[Origin, _Entry] = {}
        self._used_here: set[PooledDetector] = set()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def processes(self) -> list[DetectorProcess]:
        """The processes that have loaded their models."""
        started = [each.start.result() for each in self._entries.values() if _has_started(each)]
        return [each for each in started if isinstance(each, DetectorProcess)]

    async def load(self, origin: Origin) -> PooledDetector:
        """Return a detector for use in this process, until it is closed.

        Raises what ``DetectorProcess.start`` raises.
        """
        if isinstance(origin, Recipe):
            origin = origin.without_camera()
        served = await self.acquire(origin)
        try:
            control = await served.connect()
        except BaseException:
            await self.release(served)
            raise
        loop = asyncio.get_running_loop()

        def end_use() -> None:
            loop.call_soon_threadsafe(self._begin_release, served, detector)

        timeout_s = 2 * self._limits.timeout_s  # the process is replaced before
        detector = PooledDetector(control, served.name, served.kind, origin, timeout_s, end_use)
        self._used_here.add(detector)
        return detector

    async def acquire(self, origin: Origin) -> Served:
        """Return what runs a detector, for one use; ``release`` ends the use.

        Raises what ``DetectorProcess.start`` raises.
        """
        entry = self._entries.get(origin)
        if entry is None:
            entry = self._entries[origin] = _Entry(asyncio.create_task(self._start(origin)))
        entry.uses += 1
        try:
            return await asyncio.shield(entry.start)
        except BaseException:
            await self._end_use(origin, entry)
            raise

    async def release(self, served: Served) -> None:
        """End one use of a detector; it ends after the last one."""
        for origin, entry in list(self._entries.items()):
            if _has_started(entry) and entry.start.result() is served:
                await self._end_use(origin, entry)
                return

    async def close(self) -> None:
        """End all detectors."""
        entries = list(self._entries.values())
        self._entries.clear()
        for detector in list(self._used_here):
            detector.close()
        await asyncio.gather(*(_close(each) for each in entries), *self._ending)

    async def _start(self, origin: Origin) -> Served:
        if isinstance(origin, Recipe):
            return await DetectorProcess.start(*origin, self._limits, method=self._method)
        return DetectorThread(origin.detector, self._limits)

    def _begin_release(self, served: Served, detector: PooledDetector) -> None:
        self._used_here.discard(detector)
        task = asyncio.create_task(self.release(served))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _end_use(self, origin: Origin, entry: _Entry) -> None:
        entry.uses -= 1
        if entry.uses <= 0 and self._entries.get(origin) is entry:
            del self._entries[origin]
            await _close(entry)


def _has_started(entry: _Entry) -> bool:
    start = entry.start
    return start.done() and not start.cancelled() and start.exception() is None


async def _close(entry: _Entry) -> None:
    if _has_started(entry):
        await entry.start.result().close()
    elif not entry.start.done():
        entry.start.cancel()
        await asyncio.wait((entry.start,))
