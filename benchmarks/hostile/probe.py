"""Asks a server for ``/healthz``, again and again, over a new connection each time."""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Self

INTERVAL_S = 0.05
TIMEOUT_S = 10.0


class HealthProbe:
    """Asks from a thread, inside a ``with`` block."""

    def __init__(self, port: int, timeout_s: float = TIMEOUT_S, attempts: int = 1) -> None:
        self.took_ms: list[float] = []
        """Wall-clock time of every answer, from before the connection to its status."""
        self.failures = 0
        """Questions without the answer 200 within ``timeout_s``, in none of ``attempts``."""
        self._port = port
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health-probe", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL_S):
            started_s = time.monotonic()
            if not any(self._is_answered() for _ in range(self._attempts)):
                self.failures += 1
            self.took_ms.append((time.monotonic() - started_s) * 1000)

    def _is_answered(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=self._timeout_s)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
