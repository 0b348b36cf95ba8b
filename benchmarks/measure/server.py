"""A `streamlab serve` of its own, started the way a user does."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
REQUEST_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    port: int
    log_path: Path

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **query: str | float) -> dict[str, Any]:
        """Return what it answers to a GET. Raises httpx.HTTPError."""
        return self._request("GET", path, params=query)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return what it answers to a PATCH. Raises httpx.HTTPError."""
        return self._request("PATCH", path, json=body)

    def _request(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        response = httpx.request(method, self.url + path, timeout=REQUEST_TIMEOUT_S, **more)
        if response.is_error:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
        answer: dict[str, Any] = response.json()
        return answer


@contextmanager
def serve(
    *arguments: str, command: str = "serve", max_files: int | None = None
) -> Iterator[Server]:
    """Run `streamlab serve` (or ``demo``) with these arguments on a free port. Raises RuntimeError.

    ``max_files``: the hard limit of files that it may open (``ulimit -n``).
    """
    limits = [] if max_files is None else ["sh", "-c", f'ulimit -n {max_files}; exec "$@"', "sh"]
    with tempfile.TemporaryDirectory() as folder:
        log_path, port = Path(folder) / "server.log", free_port()
        program = [*limits, sys.executable, "-m", "streamlab", command, *arguments]
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [*program, "--port", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is ours: it must live on to be asked for figures
            )
        try:
            server = Server(process, port, log_path)
            _wait_until_ready(server)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(server: Server) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        if server.process.poll() is not None:
            break
        try:
            if httpx.get(f"{server.url}/readyz", timeout=REQUEST_TIMEOUT_S).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the server is not ready:\n{server.log_path.read_text()}")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
