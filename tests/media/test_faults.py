"""Frames that are lost, held up and misdated."""

from __future__ import annotations

import threading
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.faults import NO_FAULTS, Faults, find_preset
from streamlab.core.timebase import TIMESCALE
from streamlab.media.faults import Losses, SourceFaults

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
    faults = SourceFaults()
    faults.inject(Faults(clock_ppm=ppm))
    faults.hold_up()
    ticks, gained = 0, [faults.gain(0)]
    for span in spans:
        ticks += span
        gained.append(faults.gain(ticks))
    assert gained[-1] == pytest.approx(ticks * ppm / 1e6, abs=1)
    faults.inject(NO_FAULTS)
    faults.hold_up()
    assert faults.gain(ticks + TIMESCALE) == gained[-1], "it keeps what it has gained"
    assert faults.gain(0) == gained[-1], "stamps that begin anew gain nothing"


def test_a_source_without_faults_is_left_alone() -> None:
    faults = SourceFaults()
    for number in range(100):
        faults.hold_up()
        assert faults.gain(3000 * number) == 0
        assert not faults.lose()
    assert not faults.counts


def test_a_stall_ends_when_the_faults_do() -> None:
    faults = SourceFaults()
    faults.inject(Faults(source_stall_ms=60_000))
    reader = threading.Thread(target=faults.hold_up)
    reader.start()
    faults.inject(NO_FAULTS)
    reader.join(TIMEOUT_S)
    assert not reader.is_alive()
    faults.hold_up()
    assert faults.counts["injected_source_stalls"] <= 1
