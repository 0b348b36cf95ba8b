"""What a part of a fuzz run did, as a row of the table at its end."""

from __future__ import annotations

from dataclasses import dataclass

HEADING = f"{'part':24}{'inputs':>10}{'a second':>10}{'edges':>7}{'kept':>6}  verdict"


@dataclass(frozen=True, slots=True)
class Figures:
    """One row. ``edges`` and ``kept``: what libFuzzer counts in our code; -1 elsewhere."""

    name: str
    inputs: int
    took_s: float
    verdict: str
    broken: bool = False
    edges: int = -1
    kept: int = -1

    def __str__(self) -> str:
        rate = self.inputs / self.took_s if self.took_s else 0.0
        edges, kept = (str(each) if each >= 0 else "" for each in (self.edges, self.kept))
        verdict = f"BROKEN: {self.verdict}" if self.broken else self.verdict
        return f"{self.name:24}{self.inputs:>10}{rate:>10.1f}{edges:>7}{kept:>6}  {verdict}"
