"""A camera that ends its worker twice runs alone; the others do not notice it any more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from streamlab.core.channels import SourceState
from streamlab.errors import SourceUnreachableError
from streamlab.media.spec import SourceSpec

from .watched import in_a_loop, watched, workers

STREET = SourceSpec.parse("synthetic://traffic?width=160&height=90&fps=10")


@pytest.mark.parametrize("what", ["crash", "hang"])
def test_a_camera_that_ends_its_worker_twice_runs_alone(order: Path, what: str) -> None:
    @in_a_loop
    async def scenario() -> None:
        order.write_text(what)
        async with workers() as (manager, carrier):
            good = [await manager.add_camera(name, STREET) for name in ("east", "west")]
            (shared,) = carrier.processes
            spec = SourceSpec.parse("broken://gate")
            bad = await manager.add_camera("gate", spec, wait=False)
            async with watched(*good, bad) as (*viewers, outside):
                await outside.until(lambda: bad.status().worker != shared.name)
                assert shared.counts["ends"] == 2
                assert bad.status().worker == "worker-alone-1"
                assert [each.status().worker for each in good] == [shared.name] * 2
                for viewer in viewers:
                    await viewer.pictures()
                    viewer.states.clear()
                    viewer.holes = 0
                (alone,) = (each for each in carrier.workers() if each.id == "worker-alone-1")
                assert alone.cameras == ("gate",)
                await outside.until(lambda: carrier.workers()[1].restarts >= 2)
                order.write_text("behave")
                await outside.pictures()
                for viewer in viewers:
                    await viewer.pictures()
                    assert viewer.states == []
                    assert viewer.holes == 0
            assert shared.counts["ends"] == 2
            assert SourceState.RECONNECTING in outside.states
            assert outside.states[-1] is SourceState.LIVE
            assert bad.status().worker == "worker-alone-1"
            told = [e.detail for e in manager.events.after(0) if e.camera_id == "gate"]
            assert [each for each in told if each.startswith("It runs alone")] == [
                "It runs alone from now on: twice within 10 minutes, its worker process ended "
                "while it opened, read or decoded its source."
            ]
            await manager.remove_camera("gate")
            while len(carrier.workers()) > 1:
                await asyncio.sleep(0.01)

    scenario()


@in_a_loop
async def _open_what_crashes(order: Path) -> None:
    order.write_text("crash")
    async with workers() as (manager, carrier):
        good = await manager.add_camera("east", STREET)
        (shared,) = carrier.processes
        spec = SourceSpec.parse("broken://gate/opening")
        for _ in range(4):
            with pytest.raises(SourceUnreachableError, match="SIGSEGV"):
                await manager.add_camera("gate", spec)
        assert shared.counts["ends"] == 2
        assert good.status().worker == shared.name
        order.write_text("behave")
        bad = await manager.add_camera("gate", spec)
        assert (bad.status().worker or "").startswith("worker-alone")


def test_a_source_that_ends_workers_when_it_is_opened_does_so_twice(order: Path) -> None:
    _open_what_crashes(order)
