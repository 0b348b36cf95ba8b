"""Cameras in worker processes, and a viewer who notes what it gets of one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

from streamlab.bus.worker_processes import WorkerProcesses
from streamlab.core.channels import ChannelKey, ChannelType, SourceState
from streamlab.core.events import SourceStateChanged
from streamlab.core.stream.connection import Delivered, Delivery
from streamlab.settings import Settings
from streamlab.viewers import Camera, StreamChannelManager
from streamlab.viewers.reader import Reader

P = ParamSpec("P")
SETTINGS = Settings(encoder_linger=0.0, open_timeout=60)


def in_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test in an event loop of its own."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


@asynccontextmanager
async def workers(count: int = 1) -> AsyncIterator[tuple[StreamChannelManager, WorkerProcesses]]:
    """Run cameras in worker processes."""
    carrier = WorkerProcesses(count, SETTINGS)
    manager = StreamChannelManager(SETTINGS, carrier=carrier)
    try:
        yield manager, carrier
    finally:
        await manager.close()


class Viewer:
    """Watches both channels of a camera, and notes what comes."""

    def __init__(self, camera: Camera) -> None:
        self.states: list[SourceState] = []
        """Of the source, as they were reported."""
        self.fragments: Counter[str] = Counter()
        """Number by channel."""
        self.holes = 0
        """Sequence numbers that are missing."""
        self._camera = camera
        self._last: dict[ChannelKey, tuple[int, int]] = {}
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._watch())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Watch on until something holds; it is asked after each item."""
        while not condition():
            self._changed.clear()
            waiting = asyncio.create_task(self._changed.wait())
            done, _ = await asyncio.wait((self._task, waiting), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if self._task in done:
                await self._task
                raise EOFError("the stream has ended")

    async def pictures(self, count: int = 5) -> None:
        """Watch on until so many more fragments of each channel have come."""
        before = self.fragments.copy()
        channels = list(map(str, ChannelType))
        await self.until(
            lambda: min(self.fragments[each] - before[each] for each in channels) >= count
        )

    async def close(self) -> None:
        """Watch no longer."""
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def _watch(self) -> None:
        camera = self._camera
        connection = camera.join("viewer", ChannelType, {})
        reader = Reader([camera.feed(connection, 600)], 60.0, lambda: camera.leave("viewer"))
        async with aclosing(reader.item_batches()) as batches:
            async for items in batches:
                for _, item in items:
                    self._note(item)
                self._changed.set()

    def _note(self, item: Delivered) -> None:
        if isinstance(item, SourceStateChanged):
            self.states.append(item.state)
        elif isinstance(item, Delivery):
            fragment = item.entry.fragment
            key, place = fragment.key, (fragment.sequence, fragment.pts)
            sequence, pts = self._last.get(key, (place[0] - 1, -1))
            assert place[0] > sequence
            assert place[1] > pts
            self.holes += place[0] - sequence - 1
            self._last[key] = place
            self.fragments[key.channel] += 1


@asynccontextmanager
async def watched(*cameras: Camera) -> AsyncIterator[list[Viewer]]:
    """Watch cameras, each by a viewer of its own."""
    viewers = [Viewer(camera) for camera in cameras]
    try:
        yield viewers
    finally:
        for viewer in viewers:
            await viewer.close()
