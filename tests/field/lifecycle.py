"""What a server says about its cameras, and waiting for it to say something else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.fakes.streamlab_process import StreamlabProcess
from tests.wire.client import READ_TIMEOUT_S


def wait_for(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + READ_TIMEOUT_S
    while not condition():
        assert time.monotonic() < give_up_at, "it hangs"
        time.sleep(0.05)


def listed(server: StreamlabProcess) -> dict[str, dict[str, Any]]:
    cameras = httpx.get(f"{server.url}/cameras", timeout=READ_TIMEOUT_S).json()["cameras"]
    return {camera["camera_id"]: camera for camera in cameras}
