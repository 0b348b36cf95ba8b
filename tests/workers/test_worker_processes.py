"""Cameras in worker processes: their viewers notice nothing but a pause when a process ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from streamlab.core.channels import ChannelType, SourceState
from streamlab.core.stream.connection import Delivery
from streamlab.detect.load import load_detector
from streamlab.errors import SourceNotFoundError
from streamlab.faults import Faults
from streamlab.media.spec import SourceSpec
from streamlab.processes.restart_delay import RestartDelay
from streamlab.viewers import Camera
from streamlab.viewers.reader import Reader

from .watched import in_a_loop, workers

STREET = SourceSpec.parse("synthetic://traffic?width=160&height=90&fps=30")
DEATHS = {
    signal.SIGKILL: "it was ended by SIGKILL",
    signal.SIGSEGV: "it was ended by SIGSEGV",
    signal.SIGSTOP: "it was ended by SIGKILL",
}
KILLS = 6


@asynccontextmanager
async def watching(camera: Camera) -> AsyncIterator[AsyncGenerator[Delivery, None]]:
    """Watch both channels of a camera."""
    connection = camera.join("viewer", ChannelType, {})
    reader = Reader([camera.feed(connection, 64)], 60.0, lambda: camera.leave("viewer"))

    async def deliveries() -> AsyncGenerator[Delivery, None]:
        async with aclosing(reader.item_batches()) as batches:
            async for items in batches:
                for _, item in items:
                    if isinstance(item, Delivery):
                        yield item

    async with aclosing(deliveries()) as delivered:
        yield delivered


@in_a_loop
async def test_a_camera_in_a_worker_is_watched_changed_and_removed() -> None:
    async with workers() as (manager, carrier):
        camera = await manager.add_camera("street", STREET)
        async with watching(camera) as delivered:
            seen: dict[str, list[int]] = {"raw": [], "annotated": []}
            async for item in delivered:
                fragment = item.entry.fragment
                seen[fragment.key.channel] += [frame.pts for frame in fragment.frames]
                if min(map(len, seen.values())) >= 30:
                    break
            common = min(map(len, seen.values()))
            assert seen["raw"][:common] == seen["annotated"][:common]
            camera.change(tolerance_ms=20.0)
            assert camera.sync_settings.tolerance_ms == 20.0
            camera.inject(Faults(detector_dead=True))
            assert camera.faults.detector_dead
            figures = await camera.sync_figures(60.0)
            assert figures.sync_tolerance_ms == 20.0
            assert figures.fresh_fraction is not None
            while camera.status().annotated.detector.state != "failing":  # type: ignore[union-attr]
                await anext(delivered)
        assert carrier.workers()[0].state == "running"
        await manager.remove_camera("street")
        assert len(carrier.processes[0]) == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP])
@in_a_loop
async def test_viewers_stay_connected_when_a_worker_ends_or_hangs(number: signal.Signals) -> None:
    async with workers() as (manager, carrier):
        camera = await manager.add_camera("street", STREET)
        (worker,) = carrier.processes
        last: dict[str, tuple[int, int]] = {}
        async with watching(camera) as delivered:
            count = after = 0
            async for item in delivered:
                fragment = item.entry.fragment
                key = fragment.key.channel
                assert key not in last or (fragment.sequence, fragment.pts) > last[key]
                assert key not in last or fragment.pts > last[key][1]
                last[key] = fragment.sequence, fragment.pts
                count += 1
                after += worker.run > 1
                if count == 20:
                    assert worker.pid is not None
                    os.kill(worker.pid, number)
                if after == 20:
                    break
        assert worker.counts["ends"] == 1
        assert worker.counts["hangs"] == (number == signal.SIGSTOP)
        assert camera.state is SourceState.LIVE
        told = [each.detail for each in manager.events.after(0) if each.kind == "worker"]
        assert told == [
            "worker-1 runs.",
            f"worker-1 has ended: {DEATHS[number]}.",
            "worker-1 runs.",
        ]


@in_a_loop
async def test_workers_that_end_leave_nothing_behind() -> None:
    async with workers() as (manager, carrier):
        camera = await manager.add_camera("street", STREET)
        (worker,) = carrier.processes
        worker._delay = RestartDelay(0.0, 0.0)
        held: list[int] = []
        async with watching(camera) as delivered:
            for run in range(1, KILLS + 1):
                while worker.run < run:
                    await anext(delivered)
                sequence = (await anext(delivered)).entry.fragment.sequence
                while (await anext(delivered)).entry.fragment.sequence <= sequence:
                    pass
                held.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))
                assert worker.pid is not None
                os.kill(worker.pid, signal.SIGKILL)
        assert max(held[1:]) <= held[0]
        assert worker.counts["ends"] >= KILLS - 1


@in_a_loop
async def test_a_source_that_cannot_be_opened_is_refused_as_in_process() -> None:
    async with workers() as (manager, _):
        with pytest.raises(SourceNotFoundError, match="nowhere"):
            await manager.add_camera("gate", SourceSpec.parse("nowhere.mp4"))
        assert list(manager.names) == []


@in_a_loop
async def test_cameras_share_the_process_of_a_model() -> None:
    async with workers(2) as (manager, carrier):
        street = load_detector("street")
        cameras = [await manager.add_camera(name, STREET, detector=street) for name in "ab"]
        for camera in cameras:
            async with watching(camera) as delivered:
                async for item in delivered:
                    boxes = item.entry.fragment.frames[0].boxes
                    if boxes is not None and boxes.rows:
                        break
        assert [len(worker.cameras) for worker in carrier.workers()] == [1, 1]
        (process,) = carrier.detectors.processes
        assert process.clients == 2
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        async with watching(cameras[0]) as delivered:
            async for item in delivered:
                boxes = item.entry.fragment.frames[0].boxes
                fresh = boxes is not None and boxes.detections_pts == item.entry.fragment.pts
                if process.restarts and fresh:
                    break
        for name in "ab":
            await manager.remove_camera(name)
        while carrier.detectors.processes:
            await asyncio.sleep(0)
