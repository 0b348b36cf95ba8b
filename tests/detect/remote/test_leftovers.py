"""Restarts leave nothing behind: no process, no descriptor, no thread, no shared memory."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from streamlab.detect.remote.memory import MemoryKind
from tests.detect.pictures import noise_picture
from tests.fakes.detector_orders import HANG, SPIN

from .running import PATIENCE_S, client_of, detect_when_back, in_a_loop, running

RESTARTS = {"memfd": 80, "named": 20}


def children_of(pid: int) -> set[int]:
    """Return the processes below one, however deep."""
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            own = int(stat.parent.name)
            found |= {own} | children_of(own)
    return found


def snapshot() -> dict[str, int]:
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208
        "processes": len(children_of(os.getpid())),
        "threads": threading.active_count(),
        "named": len(list(Path("/dev/shm").glob("psm_*"))),
        "mapped": Path("/proc/self/maps").read_text().count("streamlab"),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
@pytest.mark.parametrize("memory", ["memfd", "named"])
@in_a_loop
async def test_restarts_leave_nothing_behind(memory: MemoryKind) -> None:
    picture = noise_picture(64, 36)
    async with running("faulty") as process:
        async with client_of(process, memory) as client:
            await detect_when_back(client, picture)  # threads and servers that stay
        before = await settled()
        async with client_of(process, memory) as client:
            for number in range(RESTARTS[memory]):
                await detect_when_back(client, picture)
                assert process.pid is not None
                os.kill(process.pid, signal.SIGKILL)
                while process.restarts == number:
                    await asyncio.sleep(0.002)
            await detect_when_back(client, picture)
        assert await settled(before) == before


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
@pytest.mark.parametrize("order", [HANG, SPIN])
def test_a_detector_that_hangs_ends_with_its_server(faulty: Path, order: int) -> None:
    command = [sys.executable, "-m", "tests.fakes.detector_host", str(faulty), str(order)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
        try:
            assert host.stdout is not None
            detector = Path(f"/proc/{int(host.stdout.readline())}/stat")
            assert is_running(detector)
        finally:
            host.kill()
    until_s = time.monotonic() + PATIENCE_S
    while is_running(detector) and time.monotonic() < until_s:
        time.sleep(0.005)
    assert not is_running(detector)


def is_running(stat: Path) -> bool:
    """Return False for a process that has ended, also if its parent has not noticed."""
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def settled(wanted: dict[str, int] | None = None) -> dict[str, int]:
    """Return what there is once it is as ``wanted``, or does not change any more."""
    found, same = snapshot(), 0
    for _ in range(400):
        if found == wanted or (wanted is None and same == 10):
            break
        await asyncio.sleep(0.005)
        before, found = found, snapshot()
        same = same + 1 if found == before else 0
    return found
