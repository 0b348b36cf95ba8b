"""Compares a run with `expected.toml`, and says in words what got worse.

An entry is a table `[NOTEBOOK.FIGURE]`:

- `expected`: the median that is expected, a ratio within a run;
- `better`: `lower` or `higher`;
- `worse_by`: what is allowed, as `"20 %"` of what is expected, or as a number in its unit;
- `short`: `expected` and `worse_by` of the short version, or `false`: not measured there;
- `needs`: a package of Python or of npm, or a program; where it is not installed, the figure is not
  asked for.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from benchmarks.harness.figure import Figure, written
from benchmarks.harness.folders import NOTEBOOKS


class Verdict(Enum):
    """How a figure stands to what is expected of it."""

    AS_EXPECTED = "as expected"
    BETTER = "better"
    WORSE = "worse"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    NOT_ASKED = "not asked for"

    @property
    def bad(self) -> bool:
        """Whether the check fails for it."""
        return self in {Verdict.WORSE, Verdict.MISSING, Verdict.UNEXPECTED}


@dataclass(frozen=True, slots=True)
class Finding:
    """What the check has to say about one figure."""

    figure: str
    """`NOTEBOOK.FIGURE`."""
    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of one figure's median."""

    expected: float
    allowed: float
    """By how much it may be worse, in the figure's unit."""
    lower_is_better: bool

    @classmethod
    def of(cls, entry: dict[str, Any], *, short: bool) -> Expectation:
        """Read an entry. Raises ValueError for one that says nothing sensible."""
        short_entry = entry.get("short", {}) if short else {}
        expected, worse_by = (short_entry.get(key, entry[key]) for key in ("expected", "worse_by"))
        if entry["better"] not in {"lower", "higher"}:
            raise ValueError(f"better is 'lower' or 'higher', not {entry['better']!r}")
        if isinstance(worse_by, str):
            allowed = abs(expected) * float(worse_by.removesuffix("%")) / 100
        else:
            allowed = float(worse_by)
        return cls(float(expected), allowed, entry["better"] == "lower")

    @property
    def limit(self) -> float:
        """The worst that is allowed."""
        return self.expected + (self.allowed if self.lower_is_better else -self.allowed)

    def worse_by(self, value: float) -> float:
        """Return by how much a value is worse than expected; negative: better."""
        return value - self.expected if self.lower_is_better else self.expected - value


def load_expected(path: Path) -> dict[str, dict[str, Any]]:
    """Return the entries by `NOTEBOOK.FIGURE`."""
    tables = tomllib.loads(path.read_text())
    return {
        f"{notebook}.{figure}": entry
        for notebook, entries in tables.items()
        for figure, entry in entries.items()
    }


def check(
    results: dict[str, Any], expected: dict[str, dict[str, Any]], only: set[str] | None = None
) -> Iterator[Finding]:
    """Yield what there is to say of every gated figure; ``only`` of these notebooks."""
    measured = {
        f"{notebook}.{kept['name']}": Figure.from_json(kept)
        for notebook, one in results["notebooks"].items()
        for kept in one["figures"]
    }
    asked = {
        name: entry
        for name, entry in expected.items()
        if not only or name.partition(".")[0] in only
    }
    for name, entry in asked.items():
        yield _judge(name, entry, measured.get(name), results)
    for name, figure in measured.items():
        if figure.gated and name not in expected:
            words = (
                f"is gated ({written(figure.median, figure.unit)}), but expected.toml has no entry"
            )
            yield Finding(name, Verdict.UNEXPECTED, words)


def _judge(
    name: str, entry: dict[str, Any], figure: Figure | None, results: dict[str, Any]
) -> Finding:
    if figure is None:
        return _absent(name, entry, results)
    expectation = Expectation.of(entry, short=results["short"])
    worse_by, unit = expectation.worse_by(figure.median), figure.unit
    words = (
        f"{written(figure.median, unit)} where {written(expectation.expected, unit)} is expected "
        f"and {written(expectation.limit, unit)} allowed"
    )
    if worse_by > expectation.allowed:
        by = _by(worse_by, expectation.expected, unit)
        return Finding(name, Verdict.WORSE, f"got worse by {by}: {words}")
    if -worse_by > expectation.allowed:
        by = _by(-worse_by, expectation.expected, unit)
        return Finding(name, Verdict.BETTER, f"got better by {by}: {words}; expect more of it")
    return Finding(name, Verdict.AS_EXPECTED, words)


def _absent(name: str, entry: dict[str, Any], results: dict[str, Any]) -> Finding:
    needs = entry.get("needs")
    if results["short"] and entry.get("short") is False:
        return Finding(name, Verdict.NOT_ASKED, "is not part of the short version")
    if needs and not _is_here(needs, results["machine"]["versions"]):
        return Finding(name, Verdict.NOT_ASKED, f"needs {needs}, which is not installed")
    notebook = results["notebooks"].get(name.partition(".")[0])
    if notebook is None:
        why = "its notebook was not run"
    elif notebook["failure"]:
        why = f"its notebook failed: {notebook['failure'].splitlines()[0]}"
    else:
        why = "its notebook ran without measuring it"
    return Finding(name, Verdict.MISSING, f"is missing: {why}")


def _is_here(needs: str, versions: dict[str, str]) -> bool:
    npm = NOTEBOOKS / "node_modules" / needs
    return needs in versions or npm.exists() or shutil.which(needs) is not None


def _by(difference: float, expected: float, unit: str) -> str:
    """Write a difference, in per cent of what is expected where that is something."""
    return f"{difference / abs(expected):.0%}" if expected else written(difference, unit)
