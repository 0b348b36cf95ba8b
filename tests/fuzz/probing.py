"""Feeds mutated media to ``streamlab probe``, in a process that may die of it."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fuzz.mutate import Mutant

MAX_PROBE_S = 60
"""A probe ends within 12 s by itself, however long the machine makes it wait."""
MAX_PROBE_BYTES = 2 << 30
FILES_PER_PROCESS = 500
END_S = 5.0


class DefectError(Exception):
    """Media made a process do what it must not."""


@dataclass(slots=True)
class ProbeFigures:
    """What became of the files so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    peak_bytes: int = 0


class Prober:
    """The process ``tests.fuzz.prober``; it is started when needed, and again when it has died."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__
        self._asked = 0
        self.figures = ProbeFigures()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()
        self._stderr.close()

    def receive(self, mutant: Mutant) -> None:
        """Probe a mutant, as JSON or as tables. Raises DefectError."""
        self.probe(mutant, as_json=mutant.is_even)

    def probe(self, mutant: Mutant, *, as_json: bool) -> None:
        """Probe a mutant. Raises DefectError."""
        path = mutant.write(self._folder / mutant.seed.name)
        if self._asked % FILES_PER_PROCESS == 0:
            self._end()
        self._asked += 1
        answer = self._ask(json.dumps({"path": str(path), "as_json": as_json}))
        peak_bytes = int(answer["peak_bytes"])
        self.figures.outcomes[answer["outcome"]] += 1
        self.figures.peak_bytes = max(self.figures.peak_bytes, peak_bytes)
        if peak_bytes > MAX_PROBE_BYTES:
            self._end()
            raise DefectError(f"it took {peak_bytes >> 20} MiB")

    def _ask(self, line: str) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # it has died since it answered; reading shows it
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], MAX_PROBE_S)
        answer = process.stdout.readline() if ready else ""
        if answer:
            return dict(json.loads(answer))
        self._end()
        raise DefectError(self._why(process.returncode) if ready else f"hung for {MAX_PROBE_S} s")

    def _start(self) -> subprocess.Popen[str]:
        self._stderr.truncate(0)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.prober"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        return self._process

    def _end(self) -> None:
        """End the process; it ends by itself unless it hangs."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _why(self, returncode: int) -> str:
        self._stderr.seek(0)
        lines = self._stderr.read().strip().splitlines() or ["it said nothing"]
        if returncode < 0:
            return f"ended by {signal.Signals(-returncode).name}"
        return lines[-1]
