"""A streamlab server as a process of its own, the way a user starts one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import httpx

from .rtsp_server import free_port

# On a busy machine a client comes late, and a new encoder's keyframe too. That is not what most
# tests are about, so their servers hold more and wait longer than a user's.
PATIENT = {
    "gop_s": 5,
    "client_queue_fragments": 1000,
    "slow_client_timeout": 120,
    "channel_switch_timeout": 60,
    "stall_after": 60,
    "allowed_networks": "127.0.0.0/8",  # where the tests' cameras are
    "max_cameras_per_minute": 1000,
}


class StreamlabProcess:
    """`python -m streamlab serve …` on a free port; its output goes to `log_path`.

    `ready_path` answers 200 when the server is ready. Other keywords are settings, over those
    of `PATIENT`. `watchers` are entered once it is ready, and left before it is stopped.
    """

    is_own_group = False
    """Whether processes that it starts are told apart from those of the tests."""
    watchers: ClassVar[list[Callable[[StreamlabProcess], AbstractContextManager[None]]]] = []

    def __init__(
        self,
        log_path: Path,
        *arguments: str,
        start_timeout_s: float = 300.0,
        ready_path: str = "/readyz",
        **settings: Any,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = log_path
        self._command = ["-m", "streamlab", "serve", *arguments, "--port", str(self.port)]
        self._start_timeout_s = start_timeout_s
        self._ready_path = ready_path
        self._watching = ExitStack()
        self._settings = {
            f"STREAMLAB_{name.upper()}": str(value) for name, value in (PATIENT | settings).items()
        }

    def __enter__(self) -> Self:
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self._command],
                env=os.environ | self._settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=self.is_own_group,
            )
        try:
            self._wait_until_ready()
            for watch in self.watchers:
                self._watching.enter_context(watch(self))
        except BaseException:
            self.stop()
            raise
        return self

    def _wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + self._start_timeout_s
        while time.monotonic() < give_up_at:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended at once:\n{self.log_path.read_text()}")
            try:
                if httpx.get(f"{self.url}{self._ready_path}", timeout=60.0).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise TimeoutError(f"the server is not ready:\n{self.log_path.read_text()}")

    def stop(self, timeout_s: float = 120.0) -> int:
        """Ask the server to end (SIGTERM), wait, and return its exit status."""
        try:
            self._watching.close()
        finally:
            self.process.terminate()
            try:
                status = self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        return status

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        self._watching.close()
