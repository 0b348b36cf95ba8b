"""A server full of cameras, its viewers, and what both take."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from benchmarks.fanout.servers import free_port, running, wait_for
from benchmarks.measure.memory import descendants
from benchmarks.scale.watch import Delivered

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CAMERAS_PER_VIEWER = 20
REQUEST_TIMEOUT_S = 60.0
Clock = dict[str, float]


class Host:
    """A running server to which cameras are added. All of its cameras are watched."""

    def __init__(
        self,
        server: subprocess.Popen[bytes],
        viewers: subprocess.Popen[bytes],
        port: int,
        source: Path,
        channel: str,
        raw: str,
    ) -> None:
        self.cameras = 0
        self.server, self.viewers = server, viewers
        self._port, self._source = port, source
        self._channel, self._raw = channel, raw

    @property
    def names(self) -> list[str]:
        """The cameras that are watched."""
        return [f"c{number}" for number in range(self.cameras)]

    @property
    def channels(self) -> list[str]:
        """The channels that are watched."""
        return ["raw", "annotated"] if self._channel == "both" else [self._channel]

    def grow(self, cameras: int) -> None:
        """Have so many cameras, each watched."""
        url = f"http://127.0.0.1:{self._port}"
        while self.cameras < cameras:
            first, self.cameras = self.cameras, min(cameras, self.cameras + CAMERAS_PER_VIEWER)
            names = self.names[first:]
            for name in names[first == 0 :]:  # the server was started with the first
                body = {"camera_id": name, "source": str(self._source)}
                answer = httpx.post(f"{url}/cameras", json=body, timeout=REQUEST_TIMEOUT_S)
                answer.raise_for_status()
            query = "".join(f"&camera_id={name}" for name in names)
            path = (
                f"/streams/sse/mux?initial_channel={self._channel}{query}&raw_quality={self._raw}"
            )
            self._tell_viewers(f"watch {url}{path}")

    def watch(self, seconds: float) -> tuple[list[Delivered], Clock, Clock]:
        """Watch for so long; return the frames, and CPU by kind of thread before and after."""
        before = self.cpu_s()
        self._tell_viewers("begin")
        time.sleep(seconds)
        after = self.cpu_s()
        self._tell_viewers("end")
        assert self.viewers.stdout is not None
        return (
            [Delivered(*row) for row in json.loads(self.viewers.stdout.readline())],
            before,
            after,
        )

    def cpu_s(self) -> Clock:
        """Return CPU used so far by kind of thread, s.

        The server's processes count, too. Outside are `viewers`, and what all else on the machine
        used, `others`.
        """
        used: defaultdict[str, float] = defaultdict(float)
        names = self._thread_names()
        for task in Path(f"/proc/{self.server.pid}/task").iterdir():
            name = names.get(task.name, "libraries")
            used[_kind(name)] += _cpu_s(task / "stat")
        workers = self._workers()
        for child in descendants(self.server.pid):
            kind = "worker processes" if child in workers else "model processes"
            used[kind] += _cpu_s(Path(f"/proc/{child}/stat"))
        used["viewers"] = _cpu_s(Path(f"/proc/{self.viewers.pid}/stat"))
        used["others"] = _machine_cpu_s() - sum(used.values())
        return dict(used)

    def _workers(self) -> list[int]:
        url = f"http://127.0.0.1:{self._port}/streams/dual-channel/stats"
        stats = httpx.get(url, timeout=REQUEST_TIMEOUT_S).raise_for_status().json()
        return [worker["pid"] for worker in stats["workers"]]

    def _thread_names(self) -> dict[str, str]:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(b"\n")
        self.server.stdin.flush()
        line = b""
        while not line.startswith(b"{"):
            line = self.server.stdout.readline()
        names: dict[str, str] = json.loads(line)
        return names

    def _tell_viewers(self, line: str) -> None:
        assert self.viewers.stdin is not None
        self.viewers.stdin.write(f"{line}\n".encode())
        self.viewers.stdin.flush()


def _cpu_s(stat: Path) -> float:
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # a thread that has just ended
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _kind(name: str) -> str:
    return "event loop" if name == "MainThread" else re.sub(r"-.*|\d+$", "", name)


def _machine_cpu_s() -> float:
    user, nice, system, _, _, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / TICKS_PER_S


@contextmanager
def hosting(
    source: Path,
    *,
    channel: str = "both",
    raw: str = "medium",
    model: str = "street",
    settings: Mapping[str, str],
) -> Iterator[Host]:
    """Run the real server; its cameras play ``source``, and share the model.

    ``raw``: the quality of the raw channel that viewers ask for.
    """
    port = free_port()
    given = {
        "max_cameras": "10000",
        "allowed_folders": json.dumps([str(source.parent)]),
        **settings,
        "max_connections": "100000",
        "max_cameras_per_minute": "100000",
    }
    environment = {f"STREAMLAB_{name.upper()}": value for name, value in given.items()}
    arguments = ["serve", "--camera", f"c0={source}", "--model", model]
    arguments += ["--port", str(port)]
    with ExitStack() as stack:
        server = stack.enter_context(
            running(
                [sys.executable, "-m", "benchmarks.scale.server", *arguments],
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        )
        viewers = stack.enter_context(
            running(
                [sys.executable, "-m", "benchmarks.scale.watch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        wait_for(port)
        yield Host(server, viewers, port, source, channel, raw)
