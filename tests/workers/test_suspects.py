"""Who gets a process of its own, by what its threads were in when a worker ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

import pytest

from streamlab.bus.isolation import ALONE, MAX_ALONE, SUSPECTS, Isolation
from streamlab.bus.link import RemoteCamera
from streamlab.bus.native_record import NativeCodeInside, NativeSection
from streamlab.bus.worker_context import WorkerEnd
from streamlab.bus.worker_process import WorkerProcess
from streamlab.camera.native_code import NativeKind
from streamlab.media.spec import SourceSpec

FILE, NETWORK = SourceSpec("file", "street.mp4"), SourceSpec("rtsp", "rtsp://camera/1")


class Camera:
    """A camera with a source."""

    def __init__(self, number: int, spec: SourceSpec) -> None:
        self.number, self.spec = number, spec


class Process:
    """A worker process, which runs what is moved to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cameras: list[int] = []
        self.is_closed = False

    def __len__(self) -> int:
        return len(self.cameras)

    async def close(self) -> None:
        self.is_closed = True


class Machine:
    """Isolates cameras of one worker."""

    def __init__(self, *specs: SourceSpec) -> None:
        self.cameras = {number: Camera(number, spec) for number, spec in enumerate(specs)}
        self.why: list[str] = []
        self.isolation = Isolation(self._start, self._move)

    def _start(self, name: str) -> WorkerProcess:
        return cast(WorkerProcess, Process(name))

    def _move(self, camera: RemoteCamera, worker: WorkerProcess, why: str) -> None:
        cast(Process, worker).cameras.append(camera.number)
        self.why.append(why)

    def end(
        self, inside: Iterable[int], kind: NativeKind, *, certain: bool = False, worker: str = "w"
    ) -> None:
        """End the worker while threads of these cameras were in native code."""
        sections = [NativeSection(number, kind, 1, 0) for number in inside]
        cameras = cast(dict[int, RemoteCamera], self.cameras)
        self.isolation.receive_end(
            WorkerEnd(worker, cameras, {}, NativeCodeInside(sections, is_certain=certain))
        )

    @property
    def alone(self) -> dict[str, list[int]]:
        """The cameras of each process for suspects."""
        processes = cast(list[Process], self.isolation.processes)
        return {process.name: process.cameras for process in processes}


@pytest.mark.parametrize("kind", ["source", "encode", "draw"])
def test_the_second_time_counts(kind: NativeKind) -> None:
    machine = Machine(FILE, FILE, FILE)
    machine.end([0, 1], kind)
    assert machine.alone == {}
    machine.end([1, 2], kind)
    assert machine.alone == {f"{ALONE}-1": [1]}
    assert machine.why[0].startswith("It runs alone from now on: twice within 10 minutes")


def test_waiting_for_a_network_is_no_sign() -> None:
    machine = Machine(NETWORK, NETWORK)
    for _ in range(3):
        machine.end([0, 1], "source")
    assert machine.alone == {}
    for _ in range(2):
        machine.end([1], "source", certain=True)
    assert machine.alone == {f"{ALONE}-1": [1]}


def test_who_runs_alone_already_stays_there() -> None:
    machine = Machine(FILE)
    for _ in range(2):
        machine.end([0], "draw")
    for _ in range(5):
        machine.end([0], "draw", worker=f"{ALONE}-1")
    assert machine.alone == {f"{ALONE}-1": [0]}


def test_processes_for_suspects_are_bounded() -> None:
    machine = Machine(*[FILE] * (MAX_ALONE + 2))
    for number in machine.cameras:
        for _ in range(2):
            machine.end([number], "encode")
    assert len(machine.alone) == MAX_ALONE + 1
    assert machine.alone[SUSPECTS] == [MAX_ALONE, MAX_ALONE + 1]
    assert machine.why[-1].startswith(f"It runs in {SUSPECTS}, with others like it, from now on")


def test_a_process_without_cameras_ends() -> None:
    async def scenario() -> None:
        machine = Machine(FILE)
        for _ in range(2):
            machine.end([0], "encode")
        (process,) = cast(list[Process], machine.isolation.processes)
        machine.isolation.close_unused()
        assert machine.isolation.processes
        process.cameras.clear()
        machine.isolation.close_unused()
        assert machine.isolation.processes
        machine.isolation.close_unused()
        await machine.isolation.close()
        assert process.is_closed
        assert machine.alone == {}

    asyncio.run(scenario())
