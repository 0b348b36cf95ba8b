"""Drift and rates, on what was delivered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.client import ChannelMeter, DeliveredDrift, Fragment

from .makers import fragment

MS_NS = 1_000_000
S_NS = 1_000_000_000


def arrived(item: Fragment, at_ms: float) -> Fragment:
    """Return the fragment as it would have come in then."""
    moved = replace(item)
    object.__setattr__(moved, "arrived_ns", round(at_ms * MS_NS))
    object.__setattr__(moved, "arrived_at", at_ms / 1000)
    return moved


def test_drift_is_annotated_minus_raw_by_pts() -> None:
    drift = DeliveredDrift(tolerance_ms=50)
    drift.receive(arrived(fragment(1, "raw", released_at=1.0), 10))
    drift.receive(arrived(fragment(2, "raw", released_at=1.033), 43))
    drift.receive(arrived(fragment(1, "annotated", released_at=1.02), 50))
    drift.receive(arrived(fragment(2, "annotated", released_at=1.123), 143))
    arrival, release = drift.arrival(200 * MS_NS), drift.release(200 * MS_NS)
    assert (arrival.now_ms, arrival.violations) == (100.0, 1)
    assert arrival.size_ms is not None
    assert (arrival.size_ms.p50, arrival.size_ms.max) == (40.0, 100.0)
    assert release.now_ms == pytest.approx(90)
    assert drift.pairs == 2


def test_annotated_first_is_negative() -> None:
    drift = DeliveredDrift()
    drift.receive(arrived(fragment(1, "annotated"), 10))
    drift.receive(arrived(fragment(1, "raw"), 15))
    assert drift.arrival(20 * MS_NS).now_ms == -5.0


def test_the_cached_burst_is_not_measured() -> None:
    drift = DeliveredDrift()
    drift.receive(fragment(1, "raw", cached=True))
    drift.receive(fragment(1, "annotated", cached=True))
    assert drift.pairs == 0
    assert drift.arrival(0).now_ms is None


@given(st.lists(st.sampled_from(["both", "raw", "annotated"]), max_size=60))
def test_frames_without_their_other_half_are_forgotten(frames: list[str]) -> None:
    drift = DeliveredDrift()
    for number, present in enumerate(frames, 1):
        for channel in ("raw", "annotated"):
            if present in ("both", channel):
                drift.receive(fragment(number, channel))
    assert drift.pairs == frames.count("both")
    assert drift.unpaired <= len(frames) - drift.pairs
    for channel in ("raw", "annotated"):  # the next whole pair settles all that wait
        drift.receive(fragment(len(frames) + 1, channel))
    assert drift.pairs + drift.unpaired == len(frames) + 1


def test_rate_bits_and_latency_of_the_last_seconds() -> None:
    meter = ChannelMeter(span_s=2.0)
    meter.receive(arrived(fragment(0, cached=True), 0))
    for number in range(1, 121):
        item = fragment(number, captured_at=(number * 25 - 12) / 1000)
        meter.receive(arrived(item, number * 25))
    figures = meter.figures(3000 * MS_NS)
    assert figures.fps == pytest.approx(40, rel=0.03)
    assert figures.latency_ms == pytest.approx(12)
    assert figures.kbit_per_s == pytest.approx(40 * 8 * len(fragment(1).data) / 1000, rel=0.03)
    assert (figures.frames, figures.gaps, figures.quality) == (121, 0, "medium")
    assert meter.figures(10 * S_NS).fps == 0
