"""Watches a server from outside while it is fed: its health, its memory and its good camera."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx

from tests.fuzz.probing import DefectError

TOKEN = "fuzz-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
READY = f"/readyz?access_token={TOKEN}"
WITNESS = "witness=synthetic://traffic?width=160&height=90&fps=10"
ASK_EVERY_S = 0.1
MAX_HEALTH_MS = 1000.0
"""The goal is 100 ms on a machine with nothing else to do."""
MAX_GAP_MS = 10_000.0
MAX_SERVER_BYTES = 3 << 30
_PAGE_BYTES = 4096


class Witness:
    """Two threads: one asks ``/healthz`` all the time, the other watches a good camera."""

    def __init__(self, url: str, pid: int) -> None:
        self._url = url
        self._pid = pid
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=run) for run in (self._ask, self._watch)]
        self._seen_at_s = time.monotonic()
        self.begin()

    def begin(self) -> None:
        """Forget the figures: another mutant follows."""
        self.slowest_ms = self.longest_gap_ms = 0.0
        self.peak_bytes = 0

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def check(self) -> None:
        """Raise DefectError if the server has not done what it must."""
        self._note_gap()
        if self.slowest_ms > MAX_HEALTH_MS:
            raise SlowError(f"/healthz took {self.slowest_ms:.0f} ms")
        if self.longest_gap_ms > MAX_GAP_MS:
            raise SlowError(f"the good camera gave nothing for {self.longest_gap_ms:.0f} ms")
        if self.peak_bytes > MAX_SERVER_BYTES:
            raise DefectError(f"the server took {self.peak_bytes >> 20} MiB")

    def _ask(self) -> None:
        statm = Path(f"/proc/{self._pid}/statm")
        with httpx.Client(timeout=60.0) as client:
            while not self._stopped.wait(ASK_EVERY_S):
                began_s = time.monotonic()
                try:
                    client.get(f"{self._url}/healthz").raise_for_status()
                    used_bytes = int(statm.read_text().split()[1]) * _PAGE_BYTES
                except (httpx.HTTPError, OSError):
                    continue  # who feeds it sees why
                finally:
                    self.slowest_ms = max(self.slowest_ms, (time.monotonic() - began_s) * 1000)
                self.peak_bytes = max(self.peak_bytes, used_bytes)

    def _watch(self) -> None:
        path = f"{self._url}/streams/sse/{WITNESS.partition('=')[0]}/dual"
        while not self._stopped.is_set():
            try:
                with httpx.stream("GET", path, headers=HEADERS, timeout=60.0) as response:
                    for line in response.iter_lines():
                        if line.startswith("event: fragment"):
                            self._note_gap()
                            self._seen_at_s = time.monotonic()
                        if self._stopped.is_set():
                            return
            except httpx.HTTPError:
                self._stopped.wait(ASK_EVERY_S)

    def _note_gap(self) -> None:
        gap_ms = (time.monotonic() - self._seen_at_s) * 1000
        self.longest_gap_ms = max(self.longest_gap_ms, gap_ms)


class SlowError(DefectError):
    """A limit of time was exceeded, which a busy machine can cause: it is tried again."""
