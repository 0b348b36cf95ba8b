"""A server with worker processes, its processes, and what they hold (Linux: /proc, proc(5))."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measure.memory import PROC, children, descendants
from benchmarks.measure.server import Server, serve

SHARED_MEMORY = Path("/dev/shm")
KB = 1024
MOST_UNANSWERED = 6
"""In a row: the machine may be busy with others."""
LOG_LINES = 30


@dataclass(frozen=True, slots=True)
class Held:
    """What a server and the processes that it has started hold."""

    processes: int
    server_files: int
    server_threads: int
    other_files: int
    """Of the other processes."""
    memfds: int
    """Of all processes."""
    shared_memory: int
    """Entries of /dev/shm, whoever made them."""


class WorkerServer:
    """A server that runs its cameras in worker processes."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.pid = server.process.pid
        self.unanswered = 0
        """Requests that were not answered in time, and were repeated."""

    def workers(self) -> list[dict[str, Any]]:
        """Return the status of each worker."""
        found: list[dict[str, Any]] = self._get("/streams/dual-channel/stats")["workers"]
        return found

    def detectors(self) -> set[int]:
        """Return the processes of models: what the fork server runs beside the workers."""
        started = {each for server in children(self.pid) for each in children(server)}
        return started - {each["pid"] for each in self.workers()}

    def is_well(self) -> bool:
        """Return True if all workers run, and no part of a channel fails."""
        workers = all(each["state"] == "running" for each in self.workers())
        cameras = self._get("/cameras")["cameras"]
        return workers and all(each["state"] == "live" and not each["errors"] for each in cameras)

    def log_tail(self) -> str:
        """Return the end of its log, without stacks."""
        lines = self.server.log_path.read_text().splitlines()
        return "\n".join([line for line in lines if not line.startswith(" ")][-LOG_LINES:])

    def _get(self, path: str) -> dict[str, Any]:
        for _ in range(MOST_UNANSWERED):
            try:
                return self.server.get(path)
            except httpx.ReadTimeout:
                self.unanswered += 1
        raise TimeoutError(f"the server does not answer:\n{self.log_tail()}")

    def held(self) -> Held:
        """Return what it holds now."""
        others = list(descendants(self.pid))
        files = {pid: _files(pid) for pid in (self.pid, *others)}
        own = files.pop(self.pid)
        return Held(
            processes=len(others) + 1,
            server_files=len(own),
            server_threads=sum(1 for _ in (PROC / str(self.pid) / "task").iterdir()),
            other_files=sum(map(len, files.values())),
            memfds=sum("memfd:" in each for names in (own, *files.values()) for each in names),
            shared_memory=sum(1 for _ in SHARED_MEMORY.iterdir()),
        )

    def rss_mb(self) -> float:
        """Return the resident memory of the server's own process."""
        return _status_kb(self.pid, "VmRSS") * KB / 1e6

    def pss_mb(self) -> float:
        """Return the memory of all its processes; shared pages by their share."""
        pids = (self.pid, *descendants(self.pid))
        return sum(_rollup_kb(pid) for pid in pids) * KB / 1e6


@contextmanager
def worker_server(
    workers: int, cameras: dict[str, tuple[str, str]], **settings: float | str
) -> Iterator[WorkerServer]:
    """Run a server with a source and a model for each camera. Raises RuntimeError."""
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    for name, (source, model) in cameras.items():
        lines += ["[[cameras]]", f'name = "{name}"', f'source = "{source}"', f'model = "{model}"']
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "streamlab.toml"
        config.write_text("\n".join(lines) + "\n")
        with serve("--config", str(config), "--workers", str(workers)) as server:
            yield WorkerServer(server)


def _files(pid: int) -> Sequence[str]:
    found = []
    with suppress(OSError):  # it has just ended
        for each in (PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):
                found.append(str(each.readlink()))
    return found


def _status_kb(pid: int, name: str) -> int:
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _rollup_kb(pid: int) -> int:
    with suppress(OSError):  # it has just ended
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return 0
