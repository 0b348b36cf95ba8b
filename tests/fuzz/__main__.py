"""Fuzzes what reads untrusted bytes: ``python -m tests.fuzz SECONDS [PART ...]``.

The parts share the time: ``parsers`` (atheris, each target in a process of its own), ``probe`` and
``server`` (mutated media) and ``api`` (schemathesis). A target's name is a part, too. What breaks
something is saved in ``corpus``, which `make test` tries again, and the run ends with exit code 1.
Ctrl-C ends it with what was found until then.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.api import fuzz_api
from tests.fuzz.covered import coverage_table
from tests.fuzz.figures import HEADING, Figures
from tests.fuzz.media import fuzz_probe, fuzz_server
from tests.fuzz.parsers import TARGETS
from tests.fuzz.stopping import first_interrupt_noted, stopping
from tests.fuzz.targets import fuzz_target

EXIT_BROKEN, EXIT_INTERRUPTED = 1, 130
WEIGHTS = {"parsers": 35, "probe": 20, "server": 25, "api": 20}
MAX_RUN = 1_000_000


def main() -> int:
    """Run the parts that are asked for and print a table; return the exit code."""
    asked = _arguments()
    parts = asked.parts or list(WEIGHTS)
    print(f"fuzzing for {asked.seconds} s: {', '.join(parts)}; run {asked.run}", flush=True)
    rows: list[Figures] = []
    with TemporaryDirectory() as name, first_interrupt_noted():
        folder = Path(name)
        for part, seconds in _shares(parts, asked.seconds).items():
            if not stopping.is_set():
                rows.append(_run(part, seconds, asked.run, folder))
                print(rows[-1], flush=True)
        if not stopping.is_set() and any((folder / each).is_dir() for each in TARGETS):
            print(f"\n{coverage_table(folder)}", flush=True)
    print("", HEADING, *rows, sep="\n")
    if any(row.broken for row in rows):
        return EXIT_BROKEN
    return EXIT_INTERRUPTED if stopping.is_set() else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("seconds", type=int)
    names = [*WEIGHTS, *TARGETS]
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(names))
    parser.add_argument(
        "--run",
        type=int,
        default=int(time.time()) % MAX_RUN,
        help="decides how media is mutated: the same number gives the same files",
    )
    asked = parser.parse_args()
    if unknown := set(asked.parts).difference(names):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return asked


def _shares(parts: list[str], seconds: int) -> dict[str, int]:
    """Return the seconds of each part, ``parsers`` as its targets."""
    whole = sum(WEIGHTS.get(part, 1) for part in parts)
    shares: dict[str, int] = {}
    for part in parts:
        share = seconds * WEIGHTS.get(part, 1) / whole
        names = list(TARGETS) if part == "parsers" else [part]
        shares |= dict.fromkeys(names, max(1, round(share / len(names))))
    return shares


def _run(part: str, seconds: int, run: int, folder: Path) -> Figures:
    if part in TARGETS:
        return fuzz_target(part, seconds, folder)
    own = folder / f"part-{part}"
    own.mkdir()
    if part == "api":
        return fuzz_api(seconds, own)
    feed: Callable[[int, int, Path], Figures] = {"probe": fuzz_probe, "server": fuzz_server}[part]
    return feed(seconds, run, own)


if __name__ == "__main__":
    sys.exit(main())
