"""A page of a Chromium, asked over its DevTools protocol and nothing more.

Playwright turns on the protocol's Network domain, and then the page keeps a record of all that
comes over its WebSockets: 120 kB more a second while a widget plays. So memory is measured
without it.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from websockets.sync.client import connect

from benchmarks.measure.chromium import FLAGS, chromium_path
from benchmarks.measure.server import free_port

START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 60.0


@contextmanager
def bare_chromium(folder: str, width_px: int, height_px: int) -> Iterator[str]:
    """Run a Chromium with one empty page, and yield the address of its DevTools."""
    port = free_port()
    options = [
        f"--remote-debugging-port={port}",
        f"--user-data-dir={folder}",
        f"--window-size={width_px},{height_px}",
    ]
    process = subprocess.Popen(
        [chromium_path(), *FLAGS, *options, "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is ours
    )
    try:
        yield _wait_until_ready(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait()


class Devtools:
    """One page of the Chromium whose DevTools are at ``url``; a context manager."""

    def __init__(self, url: str) -> None:
        (page,) = (each for each in httpx.get(f"{url}/json").json() if each["type"] == "page")
        self._socket = connect(page["webSocketDebuggerUrl"], max_size=None)
        self._number = 0

    def __enter__(self) -> Devtools:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def evaluate(self, expression: str) -> Any:
        """Return the value of JavaScript. Raises RuntimeError."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the answer to a command. Raises RuntimeError, TimeoutError."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(command))
        while True:
            message = json.loads(self._socket.recv(timeout=ANSWER_TIMEOUT_S))
            if message.get("id") != self._number:
                continue  # an event
            if "error" in message:
                raise RuntimeError(f"{method}: {message['error']['message']}")
            result: dict[str, Any] = message["result"]
            return result


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> str:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            httpx.get(f"{url}/json/version")
            return url
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("Chromium does not start")
