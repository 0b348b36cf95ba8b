"""Where things are, wherever a notebook is opened."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = ROOT / "benchmarks"
OUT = NOTEBOOKS / "out"
EXPECTED = NOTEBOOKS / "expected.toml"
