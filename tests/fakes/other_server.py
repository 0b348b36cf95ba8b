"""The app as a process of another server than ours: uvicorn, granian or Hypercorn."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from .streamlab_process import StreamlabProcess

APP = "tests.fakes.served:app"
COMMANDS = {
    "uvicorn": ("-m", "uvicorn", APP, "--port"),
    "granian": ("-m", "granian", "--interface", "asgi", APP, "--port"),
    "hypercorn": ("-m", "hypercorn", APP, "--bind"),
}
REQUEST_TIMEOUT_S = 120.0
ROOT = Path(__file__).parents[2]


class OtherServer(StreamlabProcess):
    """`python -m SERVER … tests.fakes.served:app` on a free port, a context manager."""

    is_own_group = True

    def __init__(self, log_path: Path, server: str, *options: str, **settings: Any) -> None:
        super().__init__(log_path, ready_path="/healthz", **settings)
        place = f"127.0.0.1:{self.port}" if server == "hypercorn" else str(self.port)
        self._command = [*COMMANDS[server], place, *options]
        self._settings["PYTHONPATH"] = os.pathsep.join((str(ROOT / "src"), str(ROOT)))

    def add(self, camera_id: str, source: str) -> None:
        """Add a camera, and wait until it is live."""
        body = {"camera_id": camera_id, "source": source}
        answer = httpx.post(f"{self.url}/cameras", json=body, timeout=REQUEST_TIMEOUT_S)
        assert answer.status_code == 201, answer.text

    def stop(self, timeout_s: float = 120.0) -> int:
        """Ask the server to end (SIGTERM), wait, and return its exit status.

        What does not end is killed, with the processes that it has started.
        """
        try:
            return super().stop(timeout_s)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
