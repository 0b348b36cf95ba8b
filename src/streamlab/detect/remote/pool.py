"""The detector processes of a server: one per distinct model and options, shared by all users."""

from __future__ import annotations

import asyncio
from pathlib import Path

from streamlab.detect.detector import LoadOptions
from streamlab.detect.remote.limits import DetectorLimits
from streamlab.detect.remote.process import DEFAULT_LIMITS, DEFAULT_OPTIONS, DetectorProcess
from streamlab.processes.child import StartMethod

_Key = tuple[str, LoadOptions]


class _Entry:
    """A process, or its start, and how many use it."""

    def __init__(self, start: asyncio.Task[DetectorProcess]) -> None:
        self.start = start
        self.uses = 0


class DetectorPool:
    """Starts a process for a model when it is first used, and ends it with its last use."""

    def __init__(
        self, limits: DetectorLimits = DEFAULT_LIMITS, *, method: StartMethod | None = None
    ) -> None:
        """Begin without processes; all get the same ``limits`` and start ``method``."""
        self._limits, self._method = limits, method
        self._entries: dict[_Key, _Entry] = {}

    @property
    def processes(self) -> list[DetectorProcess]:
        """The processes that have loaded their models."""
        return [each.start.result() for each in self._entries.values() if _has_started(each.start)]

    async def acquire(
        self, model: str | Path, options: LoadOptions = DEFAULT_OPTIONS
    ) -> DetectorProcess:
        """Return the process for a model, for one use; ``release`` ends the use.

        Raises what ``DetectorProcess.start`` raises.
        """
        key = str(model), options
        entry = self._entries.get(key)
        if entry is None:
            start = DetectorProcess.start(*key, self._limits, method=self._method)
            entry = self._entries[key] = _Entry(asyncio.create_task(start))
        entry.uses += 1
        try:
            return await asyncio.shield(entry.start)
        except BaseException:
            await self._end_use(key, entry)
            raise

    async def release(self, process: DetectorProcess) -> None:
        """End one use of a process; it ends after the last one."""
        for key, entry in list(self._entries.items()):
            if _has_started(entry.start) and entry.start.result() is process:
                await self._end_use(key, entry)
                return

    async def close(self) -> None:
        """End all processes."""
        entries = list(self._entries.values())
        self._entries.clear()
        await asyncio.gather(*(_close(each) for each in entries))

    async def _end_use(self, key: _Key, entry: _Entry) -> None:
        entry.uses -= 1
        if entry.uses <= 0 and self._entries.get(key) is entry:
            del self._entries[key]
            await _close(entry)


def _has_started(start: asyncio.Task[DetectorProcess]) -> bool:
    return start.done() and not start.cancelled() and start.exception() is None


async def _close(entry: _Entry) -> None:
    if _has_started(entry.start):
        await entry.start.result().close()
    elif not entry.start.done():
        entry.start.cancel()
        await asyncio.wait((entry.start,))
