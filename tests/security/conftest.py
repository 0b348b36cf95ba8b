"""Asks every server that these tests start for ``/healthz``, at every moment.

The answers are awaited by a thread of the test's own process, beside the attack, so that their
wall-clock time is that of a busy client on a busy machine. It is written to
``tests/artifacts/healthz.txt``, and not asserted. What is asserted is that the server answers
always, and what it would owe to itself if it answered late: its own count of the times when its
event loop did not run for 100 ms because the loop's thread used the CPU for that long. One such
time is allowed: a garbage collection of all that the dashboard has imported, on a busy machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from benchmarks.hostile.probe import HealthProbe

from tests.fakes.streamlab_process import StreamlabProcess

TIMEOUT_S, ATTEMPTS = 60.0, 3
COLLECTIONS = 1
COUNTER = re.compile(r"^streamlab_loop_(\w+)_total (\S+)$", re.MULTILINE)


@pytest.fixture(scope="package", autouse=True)
def _healthy(artifacts: Path) -> Iterator[None]:
    """Watch over every server, from its start until it is stopped."""

    @contextmanager
    def watch(server: StreamlabProcess) -> Iterator[None]:
        before = counters(server)
        with HealthProbe(server.port, TIMEOUT_S, ATTEMPTS) as probe:
            yield
        if server.process.poll() is not None:
            return
        counted = {name: value - before[name] for name, value in counters(server).items()}
        with (artifacts / "healthz.txt").open("a") as report:
            worst_ms = max(probe.took_ms, default=0.0)
            what = f"worst {worst_ms:.0f} ms of {len(probe.took_ms)}, loop {counted}"
            report.write(f"{server.log_path.parent.name}: {what}\n")
        assert not probe.failures, "/healthz was not answered"
        log = server.log_path.read_text()
        assert counted.get("busy", 0) <= COLLECTIONS, f"the loop was busy:\n{log}"

    StreamlabProcess.watchers.append(watch)
    yield
    StreamlabProcess.watchers.remove(watch)


def counters(server: StreamlabProcess) -> dict[str, float]:
    text = httpx.get(f"{server.url}/metrics", timeout=TIMEOUT_S).text
    return {name: float(value) for name, value in COUNTER.findall(text)}
