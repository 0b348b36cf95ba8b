"""Runs a part of fuzzing as a process that ends in time, and when Ctrl-C is pressed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.stopping import stopping

POLL_S = 0.5
END_S = 20.0


def run_part(
    command: Sequence[str | Path], limit_s: float, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command and return its output. It is ended after ``limit_s``, or when stopping.

    ``folder``: where it runs, None: here.
    """
    until_s = time.monotonic() + limit_s
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while True:
            try:
                output = process.communicate(timeout=POLL_S)
                break
            except subprocess.TimeoutExpired:
                if stopping.is_set() or time.monotonic() > until_s:
                    output = _end(process)
                    break
    return subprocess.CompletedProcess(command, process.returncode, *output)


def _end(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.terminate()
    try:
        return process.communicate(timeout=END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()
