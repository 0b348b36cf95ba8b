"""What each operation of the managers takes: real cameras, real viewers, through public names.

Wall time, of an operation as its caller sees it, is what the limits are about. Beside it stands a
yardstick, a fixed piece of pure Python, timed in turn with the operations: a ratio to it can be
compared between machines, and between a busy one and an idle one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sync_check import Stream
from streamlab.core.channels import ChannelType, View
from streamlab.core.stream.connection import Connection
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import Camera, ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.reader import Reader
from streamlab.viewers.reports import process_report, sync_report

LIMITS_MS = {
    "creation": 10.0,
    "sync check": 5.0,
    "correction": 10.0,
    "subscription": 1.0,
    "statistics": 2.0,
    "switching": 100.0,
}
P99_OF_ALL_MS = 5.0
WINDOW_S = 60.0
SWITCH_TIMEOUT_S = 1.0
BEHIND_MS = (20.0, 120.0)
VIDEO = View.RAW, View.ANNOTATED


@dataclass(slots=True)
class Times:
    """What operations took, ms, by name: as the caller sees it, and in CPU of the thread."""

    wall_ms: dict[str, list[float]] = field(default_factory=dict)
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def of(self, operation: str) -> Iterator[None]:
        """Time what is done within."""
        wall_ns, cpu_ns = time.perf_counter_ns(), time.thread_time_ns()
        yield
        self.cpu_ms.setdefault(operation, []).append((time.thread_time_ns() - cpu_ns) / 1e6)
        self.wall_ms.setdefault(operation, []).append((time.perf_counter_ns() - wall_ns) / 1e6)


def yardstick() -> int:
    """Do a fixed piece of work: dictionaries, integers and calls, about a millisecond."""
    seen: dict[int, int] = {}
    for number in range(4000):
        key = number * 2654435761 % 1013
        seen[key] = seen.get(key, 0) + len(str(number))
    return sum(seen.values())


async def measure(video: Path, rounds: int) -> Times:
    """Do every operation in turn, ``rounds`` times, beside a camera of this video that runs."""
    times = Times()
    manager = StreamChannelManager(Settings(channel_switch_timeout=SWITCH_TIMEOUT_S))
    subscriptions = ChannelSubscriptionManager(manager)
    spec = SourceSpec.parse(str(video))
    even, behind = _gone_on(Stream(1)), _gone_on(Stream(2, BEHIND_MS))
    try:
        camera = await manager.add_camera("live", spec)
        async with _viewers(camera, subscriptions) as connections:
            for turn in range(rounds):
                with times.of("yardstick"):
                    yardstick()
                with times.of("creation"):
                    await manager.add_camera("new", spec)
                await manager.remove_camera("new")
                _subscribe(times, camera, subscriptions)
                with times.of("statistics"):
                    sync_report(await camera.sync_figures(WINDOW_S))
                with times.of("statistics"):
                    process_report(manager)
                _check(times, even)
                _correct(times, behind)
                for connection in connections:
                    with times.of("switching"):
                        await subscriptions.switch(camera, connection, VIDEO[turn % 2], None)
    finally:
        await manager.close()
    return times


@asynccontextmanager
async def _viewers(
    camera: Camera, subscriptions: ChannelSubscriptionManager
) -> AsyncIterator[list[Connection]]:
    """Read the camera, and wait until there is a keyframe of both channels."""
    connections = [subscriptions.open(camera, [channel]) for channel in VIDEO[1].channels]
    reader = subscriptions.read([(camera, connection) for connection in connections])
    watching = asyncio.create_task(_read(reader))
    try:
        for view in reversed(VIDEO):
            await subscriptions.switch(camera, connections[0], view, None)
        yield connections
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        reader.close()


async def _read(reader: Reader) -> None:
    async for _ in reader.batches():
        pass


def _subscribe(times: Times, camera: Camera, subscriptions: ChannelSubscriptionManager) -> None:
    connection = subscriptions.reserve(camera)
    with times.of("subscription"):
        camera.subscribe(connection, ChannelType.RAW, None)
    with times.of("subscription"):
        camera.subscribe(connection, ChannelType.ANNOTATED, None)
    subscriptions.claim(camera, connection.connection_id)
    subscriptions.close(camera, connection)


def _gone_on(stream: Stream) -> Stream:
    """Let a minute go by, so that its windows hold what they hold live."""
    for _ in range(round(WINDOW_S)):
        stream.go_on()
        stream.check_ns()
    return stream


def _check(times: Times, stream: Stream) -> None:
    stream.go_on()
    with times.of("sync check"):
        stream.check_ns()


def _correct(times: Times, stream: Stream) -> None:
    """Time every frame of a second that is being corrected: holds, older boxes, late releases."""
    before = _corrections(stream)
    for number in stream.next_frames:
        with times.of("correction"):
            stream.receive_frame(number)
    stream.end_second()
    with times.of("correction"):
        stream.check_ns()
    if _corrections(stream) == before:
        raise RuntimeError("there was nothing to correct")


def _corrections(stream: Stream) -> int:
    counts = stream.controller.counts + stream.controller.meter.counts
    return sum(counts[kind] for kind in ("hold", "stale", "release", "re-anchor"))
