"""Runs notebooks by papermill, one after another; one that fails does not stop the others."""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill  # type: ignore[import-untyped]
from nbclient.exceptions import CellControlSignal, CellTimeoutError, DeadKernelError
from papermill.exceptions import (  # type: ignore[import-untyped]
    PapermillException,
    PapermillExecutionError,
)

from benchmarks.harness.folders import NOTEBOOKS, ROOT

CELL_TIMEOUT_S = 1800
ANSI = re.compile(r"\x1b\[[0-9;]*m")
LINES_OF_TRACEBACK = 12


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one notebook."""

    name: str
    seconds: float
    failure: str = ""
    """Which cell failed, and why; empty when all ran."""
    results: dict[str, Any] | None = None
    """What its `Results` saved."""

    @property
    def figures(self) -> list[dict[str, Any]]:
        """Its figures, as they were saved."""
        return [] if self.results is None else list(self.results["figures"])

    def to_json(self) -> dict[str, Any]:
        """Return it as `results.json` has it."""
        return {"seconds": self.seconds, "failure": self.failure, "figures": self.figures}


def notebook_names(folder: Path = NOTEBOOKS) -> list[str]:
    """Return the names of all notebooks in a folder."""
    return sorted(path.stem for path in folder.glob("*.ipynb"))


def run_notebook(name: str, out: Path, *, short: bool, folder: Path = NOTEBOOKS) -> Ran:
    """Execute a notebook into ``out``, over what an earlier run left there."""
    saved = out / f"{name}.json"
    saved.unlink(missing_ok=True)
    started_s, failure = time.monotonic(), ""
    try:
        papermill.execute_notebook(
            folder / f"{name}.ipynb",
            out / f"{name}.ipynb",
            parameters={"short": short, "out": str(out)},
            kernel_name="python3",
            cwd=ROOT,
            extra_arguments=["--log-level=CRITICAL"],
            progress_bar=_bar(name) if sys.stderr.isatty() else False,
            execution_timeout=CELL_TIMEOUT_S,
        )
    except (PapermillException, CellControlSignal, CellTimeoutError, DeadKernelError) as error:
        failure = _in_words(error)
    if not failure and not saved.exists():
        failure = "it never called Results.save()"
    results = json.loads(saved.read_text()) if saved.exists() else None
    return Ran(name, round(time.monotonic() - started_s, 1), failure, results)


def _bar(name: str) -> dict[str, Any]:
    """Return how the line looks while a notebook runs."""
    return {
        "desc": f"{name:<12}",
        "leave": False,
        "bar_format": "{desc} {bar:20} cell {n_fmt} of {total_fmt}, {elapsed}",
    }


def _in_words(error: BaseException) -> str:
    if not isinstance(error, PapermillExecutionError):
        return f"{type(error).__name__}: {error}"
    source = [f"  {line}" for line in error.source.strip().splitlines()]
    traceback = ANSI.sub("", "\n".join(error.traceback)).splitlines()
    return "\n".join(
        [
            f"cell {error.cell_index + 1} failed with {error.ename}: {error.evalue}",
            "the cell:",
            *source,
            "the end of its traceback:",
            *(f"  {line}" for line in traceback[-LINES_OF_TRACEBACK:]),
        ]
    )
