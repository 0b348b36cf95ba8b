"""A measured figure: its samples, its goal, and how it is written."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

Goal = tuple[Literal["at most", "at least"], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, sample by sample. Its value is the median of them."""

    name: str
    samples: tuple[float, ...]
    unit: str = "x"
    """`x` is a ratio within a run."""
    goal: Goal | None = None
    gated: bool = False
    """Whether `make bench-check` compares it with `expected.toml`."""
    note: str = ""

    def __post_init__(self) -> None:
        if not self.samples:
            raise ValueError(f"{self.name} has no samples")
        if not all(map(math.isfinite, self.samples)):
            raise ValueError(f"{self.name} has samples that are no numbers: {self.samples}")
        if self.goal is not None and self.goal[0] not in {"at most", "at least"}:
            raise ValueError(f"{self.name}: a goal is 'at most' or 'at least', not {self.goal[0]}")

    @property
    def median(self) -> float:
        """What is shown, and compared with the goal."""
        return statistics.median(self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest sample."""
        return min(self.samples), max(self.samples)

    @property
    def met(self) -> bool | None:
        """Whether the goal was met; None without one."""
        if self.goal is None:
            return None
        kind, limit = self.goal
        return self.median <= limit if kind == "at most" else self.median >= limit

    def to_json(self) -> dict[str, Any]:
        """Return it as it is kept; every sample, and what follows from them for other readers."""
        low, high = self.spread
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "min": low,
            "max": high,
            "n": len(self.samples),
            "goal": None if self.goal is None else list(self.goal),
            "met": self.met,
            "gated": self.gated,
            "note": self.note,
            "samples": list(self.samples),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Return what was kept. Raises KeyError, ValueError."""
        goal = None if kept["goal"] is None else (kept["goal"][0], float(kept["goal"][1]))
        return cls(
            kept["name"], tuple(kept["samples"]), kept["unit"], goal, kept["gated"], kept["note"]
        )


def written(value: float, unit: str = "") -> str:
    """Write a value with three digits that count, as `1.84`, `0.0213`, `1,250 ms` or `0`."""
    if value == 0 or not math.isfinite(value):
        text = f"{value:.0f}"
    else:
        digits = max(0, 2 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{digits}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    return f"{text} {unit}" if unit not in {"", "x"} else text


def written_goal(goal: Goal | None, unit: str = "") -> str:
    """Write a goal, as `at most 5 ms`; nothing where there is none."""
    return "" if goal is None else f"{goal[0]} {written(goal[1], unit)}"


def as_samples(samples: float | Sequence[float]) -> tuple[float, ...]:
    """Return one number, or any sequence of them, as samples."""
    if isinstance(samples, (int, float)):
        return (float(samples),)
    return tuple(float(sample) for sample in samples)
