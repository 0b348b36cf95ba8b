"""Runs every lesson and saves its outputs in it: ``python -m tests.notebooks.save [PATH ...]``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import nbformat

from tests.notebooks.execution import NOTEBOOKS, executed, for_readers


def main(paths: list[Path]) -> None:
    for path in paths:
        print(f"   {path.name} ...", end=" ", flush=True)
        began_s = time.monotonic()
        notebook = for_readers(executed(path))
        nbformat.write(notebook, path)
        size_kb = path.stat().st_size / 1000
        print(f"{time.monotonic() - began_s:.0f} s, {size_kb:.0f} kB", flush=True)


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]] or NOTEBOOKS)
