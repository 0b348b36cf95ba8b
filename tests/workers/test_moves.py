"""A camera that moves to another worker: its viewers see a short pause, and then go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from streamlab.bus.load_plan import LoadPlan, Move, WorkerLoad
from streamlab.core.channels import SourceState
from streamlab.media.spec import SourceSpec

from .watched import in_a_loop, watched, workers

STREET = SourceSpec.parse("synthetic://traffic?width=160&height=90&fps=10")


class Ordered(LoadPlan):
    """Orders one move."""

    def __init__(self, move: Move) -> None:
        super().__init__()
        self._moves = [move]

    def receive_loads(self, loads: Sequence[WorkerLoad], now_ns: int) -> Move | None:
        super().receive_loads(loads, now_ns)
        return self._moves.pop() if self._moves else None


@pytest.mark.parametrize("source", [STREET.address, "broken://gate"])
def test_a_camera_moves_while_it_is_watched(order: Path, source: str) -> None:
    order.write_text("behave")

    @in_a_loop
    async def scenario() -> None:
        async with workers(2) as (manager, carrier):
            moved = await manager.add_camera("yard", SourceSpec.parse(source))
            stays = await manager.add_camera("east", STREET)
            first, second = carrier.processes
            assert (moved.status().worker, stays.status().worker) == (first.name, second.name)
            (number,) = first.cameras
            async with watched(moved, stays) as (viewer, other):
                await viewer.pictures()
                await other.pictures()
                other.holes = 0
                viewer.states.clear()
                moved.change(tolerance_ms=70.0)
                carrier._balancer._plan = Ordered(Move(number, first.name, second.name))
                await viewer.until(lambda: moved.status().worker == second.name)
                await viewer.pictures()
                await other.pictures()
                assert viewer.states == [SourceState.RECONNECTING, SourceState.LIVE]
                assert SourceState.RECONNECTING not in other.states
                assert other.holes == 0
            assert moved.sync_settings.tolerance_ms == 70.0
            assert first.counts["ends"] == second.counts["ends"] == 0
            assert (len(first), len(second)) == (0, 2)
            told = [e.detail for e in manager.events.after(0) if e.kind == "worker"]
            assert told[-1] == "It has moved to worker-2: worker-1 is overloaded."

    scenario()


def test_a_camera_whose_source_opens_once_only_stays(order: Path) -> None:
    order.write_text("behave")

    @in_a_loop
    async def scenario() -> None:
        async with workers(2) as (manager, carrier):
            camera = await manager.add_camera("gate", SourceSpec.parse("broken://gate"))
            first, second = carrier.processes[0], carrier._start_another()
            (number,) = first.cameras
            order.write_text("refuse")
            async with watched(camera) as (viewer,):
                await viewer.pictures()
                viewer.states.clear()
                await carrier._balancer.move(first.cameras[number], second, "why not")
                await viewer.pictures()
                assert viewer.states == []
            assert camera.status().worker == first.name
            assert (len(first), len(second)) == (1, 0)

    scenario()


def test_a_camera_can_be_removed_while_it_moves(order: Path) -> None:
    order.write_text("behave")

    @in_a_loop
    async def scenario() -> None:
        async with workers(2) as (manager, carrier):
            camera = await manager.add_camera("yard", STREET)
            first, second = carrier.processes[0], carrier._start_another()
            (number,) = first.cameras
            async with watched(camera) as (viewer,):
                await viewer.pictures()
            placed = first.cameras[number]
            moving = carrier._balancer.move(placed, second, "why not")
            removing = manager.remove_camera("yard")
            await asyncio.gather(moving, removing)
            assert (len(first), len(second)) == (0, 0)

    scenario()
