"""Runs atheris on a parser, in a process of its own: `python -m tests.fuzz.targets`.

Inputs that find something new stay in the folder of the target, from which its coverage is measured
later. One that breaks it is saved in ``corpus``.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.corpus_files import keep
from tests.fuzz.figures import Figures
from tests.fuzz.processes import run_part
from tests.fuzz.stopping import stopping

MAX_INPUT_BYTES = 4096
MAX_INPUT_S = 10
"""One input that takes longer is a defect, too."""
GRACE_S = 60.0
_FIGURES = re.compile(r"cov: (\d+).*?corp: (\d+)")
_RUNS = re.compile(r"^#(\d+)\s|Done (\d+) runs", re.MULTILINE)
_ERROR = re.compile(r"(\w+\.)*\w*(Error|Exception)\b|ERROR: libFuzzer")


def fuzz_target(name: str, seconds: int, folder: Path) -> Figures:
    """Fuzz a parser and return what came of it; ``folder`` gets the inputs that are kept."""
    inputs, broken = folder / name, folder / f"broken-{name}"
    for each in (inputs, broken):
        each.mkdir()
    began_s = time.monotonic()
    command = [sys.executable, "-m", "tests.fuzz.targets", name, str(seconds)]
    done = run_part([*command, inputs, broken], seconds + GRACE_S)
    took_s = time.monotonic() - began_s
    found = sorted(broken.iterdir())
    for path in found:
        keep(name, path.read_bytes())
    is_broken = bool(found or (done.returncode and not stopping.is_set()))
    why = _why(done) if is_broken else f"held for {took_s:.0f} s"
    edges, kept = map(int, (_FIGURES.findall(done.stderr) or [("0", "0")])[-1])
    runs = max((int(a or b) for a, b in _RUNS.findall(done.stderr)), default=0)
    return Figures(name, runs, took_s, why, is_broken, edges, kept)


def _why(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stdout + done.stderr).splitlines()
    return next((line[:200] for line in lines if _ERROR.search(line)), f"rc {done.returncode}")


def _fuzz_here(name: str, seconds: int, inputs: Path, broken: Path) -> None:
    """Fuzz until the time is up or the target breaks. Does not return."""
    began_s = time.monotonic()
    import atheris  # type: ignore[import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["streamlab", "httpx_sse"]):
        from tests.fuzz.parsers import TARGETS
    target = TARGETS[name]
    for number, seed in enumerate(target.seeds):
        (inputs / f"seed-{number}").write_bytes(seed)
    left_s = max(1, round(seconds - (time.monotonic() - began_s)))  # imports take their time
    options = [
        f"-max_total_time={left_s}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-timeout={MAX_INPUT_S}",
        "-rss_limit_mb=2048",
        f"-artifact_prefix={broken}/",
    ]
    atheris.Setup([sys.argv[0], *options, str(inputs)], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    _fuzz_here(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
