"""The measurement of a server under attack: what it concludes, and that nobody is dropped."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from benchmarks.fanout.readers import Count
from benchmarks.hostile.__main__ import Turn, verdict

ALONE = Turn(Count(100, 5, 1000, 0, 10.0, 0.5, 1.0), 1.0, 2.0, 3.0, 0, 0, 0.1, 0.1)


def attacked(p99_ms: float, closed: int = 0) -> Turn:
    return replace(ALONE, count=replace(ALONE.count, delay_p99_ms=p99_ms, closed=closed))


@pytest.mark.parametrize(
    ("turn", "is_met"),
    [
        (attacked(1.4), True),
        (attacked(1.6), False),
        (attacked(1.0, closed=1), False),
        (replace(ALONE, health_failures=1), False),
        (replace(ALONE, health_max_ms=101.0), False),
    ],
)
def test_the_goals(turn: Turn, is_met: bool) -> None:
    assert verdict([("alone", ALONE), ("attacked", turn)]) is is_met


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_viewer_is_dropped_beside_an_attack() -> None:
    command = [sys.executable, "-m", "benchmarks.hostile", "--seconds", "20", "--turns", "1"]
    seen = subprocess.run(command, capture_output=True, text=True, check=True, timeout=500)
    assert "viewers dropped: 0: met" in seen.stdout
    assert "/healthz not answered: 0: met" in seen.stdout
    assert "stream: 503" in seen.stdout
