"""A server's memory after many cameras that were added, watched and removed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from streamlab.viewers.memory import INTERVAL_S
from tests.fakes.streamlab_process import StreamlabProcess

from .client import READ_TIMEOUT_S

STAYS = "stays=synthetic://traffic?width=160&height=90&fps=5"
FEW, MANY = 100, 900
AT_ONCE = 3
FRAGMENTS = 6
MOST_GROWTH = 1.2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StreamlabProcess]:
    with StreamlabProcess(tmp_path / "log", "--camera", STAYS, "--model", "truth") as server:
        yield server


def come_and_go(url: str, number: int) -> None:
    """Add a camera, watch it, and remove it, while it is watched or after."""
    source = f"synthetic://traffic?width=160&height=90&fps=30&seed={number}"
    path = f"/cameras/camera-{number}"
    with httpx.Client(base_url=url, timeout=READ_TIMEOUT_S) as http:
        camera = {"camera_id": f"camera-{number}", "source": source}
        http.post("/cameras", json=camera).raise_for_status()
        with http.stream("GET", f"/streams/sse/camera-{number}/dual") as stream:
            lines = iter(stream.iter_lines())
            for _ in range(FRAGMENTS):
                next(line for line in lines if line == "event: fragment")
            if number % 2:
                http.delete(path).raise_for_status()
        if not number % 2:
            http.delete(path).raise_for_status()


def held_mib(server: StreamlabProcess) -> float:
    """Return the memory that the server has, once it has given back what it does not use."""
    statm = Path(f"/proc/{server.process.pid}/statm")
    held: list[float] = []
    give_up_s = time.monotonic() + INTERVAL_S + 5
    while time.monotonic() < give_up_s:
        held.append(int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20)
        time.sleep(0.5)
    return min(held)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_removed_cameras_leave_no_memory(server: StreamlabProcess) -> None:
    with ThreadPoolExecutor(AT_ONCE) as clients:
        list(clients.map(lambda number: come_and_go(server.url, number), range(FEW)))
        few_mib = held_mib(server)
        list(clients.map(lambda number: come_and_go(server.url, number), range(FEW, MANY)))
        many_mib = held_mib(server)
    print(f"{few_mib:.0f} MiB after {FEW} cameras, {many_mib:.0f} MiB after {MANY}")
    assert many_mib < MOST_GROWTH * few_mib
