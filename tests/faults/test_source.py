"""Frames that are lost, held up and misdated."""

from __future__ import annotations

import threading
from collections import Counter
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.time.timebase import TIMESCALE
from streamlab.faults import NO_FAULTS, Faults, find_preset
from streamlab.faults.source import Losses, SourceFaults

TIMEOUT_S = 120.0


def losses(faults: Faults, count: int = 100_000) -> list[bool]:
    drawn = Losses(faults)
    return [drawn.receive_frame() for _ in range(count)]


@pytest.mark.parametrize(("fraction", "burst"), [(0.05, 10), (0.05, 1), (0.5, 3), (0, 10), (1, 1)])
def test_as_many_frames_are_lost_as_were_asked_for(fraction: float, burst: float) -> None:
    lost = losses(Faults(lost_fraction=fraction, lost_burst=burst))
    assert sum(lost) / len(lost) == pytest.approx(fraction, rel=0.1)


def test_some_losses_are_bursts() -> None:
    lost = losses(find_preset("lost frames"))
    runs = [len(list(run)) for is_lost, run in groupby(lost) if is_lost]
    assert sum(run == 1 for run in runs) > len(runs) / 2
    assert max(runs) > 10


@given(st.builds(Faults, lost_fraction=st.floats(0, 1), lost_burst=st.floats(1, 300)))
def test_losses_follow_from_the_faults(faults: Faults) -> None:
    assert losses(faults, 100) == losses(faults, 100)


@given(st.floats(-10_000, 10_000), st.lists(st.integers(0, TIMESCALE), min_size=1))
def test_a_fast_clock_gains(ppm: float, spans: list[int]) -> None:
    source = SourceFaults(Faults(clock_ppm=ppm), Counter())
    ticks, gained = 0, source.gain(0)
    for span in spans:
        ticks += span
        gained += source.gain(ticks)
    assert gained == pytest.approx(ticks * ppm / 1e6, abs=1)
    assert source.gain(0) == 0, "stamps that begin anew gain nothing"


def test_a_source_without_faults_is_left_alone() -> None:
    counts = Counter[str]()
    source = SourceFaults(NO_FAULTS, counts)
    for number in range(100):
        source.hold_up()
        assert source.gain(3000 * number) == 0
        assert not source.lose()
    assert not counts


def test_a_stall_ends_when_the_faults_do() -> None:
    counts = Counter[str]()
    source = SourceFaults(Faults(source_stall_ms=60_000), counts)
    reader = threading.Thread(target=source.hold_up)
    reader.start()
    source.end()
    reader.join(TIMEOUT_S)
    assert not reader.is_alive()
    source.hold_up()
    assert counts["injected_source_stalls"] <= 1
