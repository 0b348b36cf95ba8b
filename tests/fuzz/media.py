"""Feeds mutated media to a consumer until the time is up, and keeps what breaks it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.corpus_files import keep_mutant
from tests.fuzz.figures import Figures
from tests.fuzz.media_seeds import make_seeds
from tests.fuzz.mutate import Mutant, make_mutant
from tests.fuzz.probing import DefectError, Prober
from tests.fuzz.serving import MediaServer
from tests.fuzz.stopping import stopping
from tests.fuzz.witness import SlowError

PROBE, SERVER = "media: probe", "media: server"
MAX_FOUND = 20
MAX_TRIES = 3
PROGRESS_S = 60.0


def fuzz_probe(seconds: int, run: int, folder: Path) -> Figures:
    """Probe mutants of ``run``, a number that decides what they are."""
    with Prober(folder) as prober:
        found = _feed(PROBE, prober.receive, seconds, run)
        peak = f"{prober.figures.peak_bytes >> 20} MiB at most"
        outcomes = ", ".join(f"{n} {name}" for name, n in prober.figures.outcomes.most_common())
    return found.figures(f"{outcomes}; {peak}")


def fuzz_server(seconds: int, run: int, folder: Path) -> Figures:
    """Add mutants of ``run`` as cameras of a running server."""
    with MediaServer(folder) as server:
        found = _feed(SERVER, server.receive, seconds, run)
        statuses = ", ".join(f"{n} x {status}" for status, n in sorted(server.statuses.items()))
        health = f"/healthz {server.slowest_ms:.0f} ms at worst"
        gap = f"good camera silent for {server.longest_gap_ms:.0f} ms at most"
        peak = f"{server.peak_bytes >> 20} MiB at most"
    return found.figures(f"{statuses}; {health}; {gap}; {peak}")


class _Found:
    """What one loop has done."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.inputs = self.defects = self.slow = 0
        self._began_s = time.monotonic()

    @property
    def took_s(self) -> float:
        return time.monotonic() - self._began_s

    def figures(self, detail: str) -> Figures:
        """Return the row of the table."""
        if self.slow:
            detail += f"; {self.slow} too slow once, and not again"
        broken = f"{self.defects} inputs, as printed above; " if self.defects else ""
        return Figures(self.name, self.inputs, self.took_s, broken + detail, bool(self.defects))


def _feed(name: str, receive: Callable[[Mutant], None], seconds: int, run: int) -> _Found:
    seeds, found, due_s = make_seeds(), _Found(name), PROGRESS_S
    while found.took_s < seconds and found.defects < MAX_FOUND and not stopping.is_set():
        mutant = make_mutant(seeds, run, found.inputs)
        found.inputs += 1
        try:
            _try(receive, mutant, found)
        except DefectError as error:
            if stopping.is_set():
                break
            found.defects += 1
            print(f"{name}: run {run}, input {found.inputs - 1}: {error}", flush=True)
            print(f"  kept as {keep_mutant(mutant)}", flush=True)
        if found.took_s > due_s:
            due_s += PROGRESS_S
            print(f"  {name}: {found.inputs} inputs in {found.took_s:.0f} s", flush=True)
    return found


def _try(receive: Callable[[Mutant], None], mutant: Mutant, found: _Found) -> None:
    """Feed a mutant; again if it was only slow, which others on this machine can cause."""
    for left in reversed(range(MAX_TRIES)):
        try:
            receive(mutant)
            return
        except SlowError:
            found.slow += 1
            if not left:
                raise
