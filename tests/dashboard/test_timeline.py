"""What the dashboard's plots are sent."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_S
from streamlab.viewers.history import FrameRecord

pytest.importorskip("holoviews")
from streamlab.dashboard.axes import SPANS_S
from streamlab.dashboard.health import UNKNOWN, CameraRow, health_table
from streamlab.dashboard.samples import Controls, Sample
from streamlab.dashboard.timeline import CHANNELS, SLOT_S, WINDOW_S, Timeline

FRAME_NS = NS_PER_S // 30
FRAME_BYTES = 1000
DRIFTS_MS = st.lists(st.floats(-400, 400), max_size=200)


def pair(number: int, drift_ms: float = 0.0, age_frames: int = 0) -> FrameRecord:
    captured_ns = number * FRAME_NS
    raw_ns = captured_ns + 500_000_000
    return FrameRecord(
        pts=3000 * number,
        captured_ns=captured_ns,
        raw_released_ns=raw_ns,
        annotated_released_ns=raw_ns + round(drift_ms * 1e6),
        raw_bytes=FRAME_BYTES,
        annotated_bytes=2 * FRAME_BYTES,
        detections_pts=3000 * (number - age_frames),
    )


def look_at(pairs: list[FrameRecord], tolerance_ms: float = 50.0) -> Sample:
    now_ns = pairs[-1].captured_ns if pairs else 0
    controls = Controls(SyncPolicy.HYBRID, tolerance_ms, 250.0, 0.2, {})
    return Sample("stream", now_ns, len(pairs), pairs, controls, "synchronized")


def row(state: str = "live", **values: Any) -> CameraRow:
    given: dict[str, Any] = {
        "fresh_fraction": 0.97,
        "freshness_detail": "",
        "problems": (),
    } | values
    return CameraRow(
        camera_id="street", source="synthetic://traffic", state=state, detail="", retry_at=None,
        width=640, height=360, fps=30, sync_state="synchronized", pairs_per_s=30,
        drift_p95_ms=1, violations=0, latency_p50_ms=1, fresh_target=0.8, viewers=1,
        detector="street", faults=(), injected="", **given,
    )  # fmt: skip


@settings(deadline=None)
@given(DRIFTS_MS, st.floats(1, 300))
def test_each_frame_is_a_point_within_or_beyond(drifts: list[float], tolerance_ms: float) -> None:
    pairs = [pair(number, drift_ms) for number, drift_ms in enumerate(drifts)]
    update = Timeline(0).receive(look_at(pairs, tolerance_ms))
    assert len(update.within["drift_ms"]) + len(update.beyond["drift_ms"]) == len(pairs)
    assert all(abs(drift_ms) <= tolerance_ms for drift_ms in update.within["drift_ms"])
    assert all(abs(drift_ms) > tolerance_ms for drift_ms in update.beyond["drift_ms"])


@settings(deadline=None)
@given(DRIFTS_MS)
def test_the_histogram_holds_every_frame_once(drifts: list[float]) -> None:
    timeline = Timeline(0)
    timeline.receive(look_at([pair(number, drift) for number, drift in enumerate(drifts)]))
    low_ms, high_ms = timeline.reach_ms
    spread = timeline.spread(low_ms, high_ms)
    assert sum(spread.shares) == pytest.approx(100 if drifts else 0)
    assert len(spread.centres_ms) == len(spread.shares) < 50


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_looks_of_any_size_make_the_same_window(sizes: list[int]) -> None:
    timeline, first = Timeline(0), 0
    for size in sizes:
        timeline.receive(look_at([pair(first + number) for number in range(size)]))
        first += size
    at_once = Timeline(0)
    at_once.receive(look_at([pair(number) for number in range(first)]))
    assert list(timeline.frames) == list(at_once.frames)


def test_lines_have_a_point_per_slot() -> None:
    update = Timeline(0).receive(look_at([pair(number, 20, 3) for number in range(301)]))
    lines = update.lines
    assert len(lines["time_s"]) == pytest.approx(10 / SLOT_S, abs=1)
    assert set(map(len, lines.values())) == {len(lines["time_s"])}
    assert lines["raw_latency_ms"][-1] == pytest.approx(500)
    assert lines["annotated_latency_ms"][-1] == pytest.approx(520)
    assert lines["fresh_percent"][-1] == 0
    assert lines["annotated_mbit_s"][-1] == pytest.approx(30 * 2 * FRAME_BYTES * 8e-6, rel=0.05)


def test_a_gap_breaks_the_lines() -> None:
    pairs = [pair(number) for number in (*range(30), *range(90, 120))]
    lines = Timeline(0).receive(look_at(pairs)).lines
    assert sum(map(math.isnan, lines["raw_mbit_s"])) == 1
    assert lines["time_s"] == sorted(lines["time_s"])


def test_the_window_moves() -> None:
    timeline = Timeline(0)
    timeline.receive(look_at([pair(number) for number in range(3000)]))
    assert timeline.frames[0].captured_ns >= 2999 * FRAME_NS - WINDOW_S * NS_PER_S
    assert len(timeline.frames) == pytest.approx(30 * WINDOW_S, abs=2)


def test_the_share_of_fresh_boxes_is_of_the_second_before() -> None:
    ages = [3] * 45 + [0] * 45
    pairs = [pair(number, age_frames=age) for number, age in enumerate(ages)]
    shares = Timeline(0).receive(look_at(pairs)).lines["fresh_percent"]
    assert (shares[0], shares[-1]) == (0, 100)
    assert shares == sorted(shares)


def test_without_boxes_there_is_no_share() -> None:
    pairs = [replace(pair(number), detections_pts=None) for number in range(30)]
    shares = Timeline(0).receive(look_at(pairs)).lines["fresh_percent"]
    assert all(map(math.isnan, shares))


def test_the_axis_is_as_long_as_the_data() -> None:
    timeline = Timeline(0)
    assert timeline.receive(look_at([])).span_s == SPANS_S[0]
    spans = [timeline.receive(look_at([pair(number)])).span_s for number in range(0, 1200, 30)]
    assert spans == sorted(spans)
    assert set(spans) == set(SPANS_S)


def test_an_outlier_does_not_rule_the_axis() -> None:
    timeline = Timeline(0)
    timeline.receive(look_at([pair(number, 5000 if number == 9 else 2) for number in range(300)]))
    low_ms, high_ms = timeline.reach_ms
    assert low_ms == -50
    assert high_ms == 150  # three tolerances
    spread = timeline.spread(low_ms, high_ms)
    assert spread.shares[-1] > 0
    assert sum(spread.shares) == pytest.approx(100)


def test_words_before_the_first_frame_and_after() -> None:
    timeline = Timeline(0)
    assert timeline.words(look_at([]), row())["drift-more"] == "nothing measured yet"
    sample = look_at([pair(number, 60 if number == 9 else 1, 3) for number in range(10)])
    timeline.receive(sample)
    words = timeline.words(sample, row())
    assert "1 of 10 frames beyond" in words["drift-more"]
    assert words["fresh"] == "97 %"
    assert words["fresh-more"] == "last 5 s · target 80 %"
    assert set(CHANNELS) == {"raw", "annotated"}


def test_words_say_why_too_few_boxes_are_fresh() -> None:
    timeline, sample = Timeline(0), look_at([pair(0)])
    timeline.receive(sample)
    words = timeline.words(sample, row(freshness_detail="The detector is too slow."))
    assert words["fresh-more"].endswith("The detector is too slow.")
    assert words["fresh-why"] == "The detector is too slow."
    assert timeline.words(sample, row(fresh_fraction=None))["fresh"] == UNKNOWN


@pytest.mark.parametrize("state", ["reconnecting", "stalled", "ended", "failed"])
def test_there_is_no_figure_over_a_dead_picture(state: str) -> None:
    timeline, sample = Timeline(0), look_at([pair(number) for number in range(30)])
    timeline.receive(sample)
    words = timeline.words(sample, row(state, problems=("The source is gone: no route.",)))
    assert words["drift-more"] == "The source is gone: no route."
    assert {words[name] for name in ("drift", "latency", "fresh", "bitrate")} == {UNKNOWN}
    assert UNKNOWN in health_table([row(state)], "street")
    assert "97 %" not in health_table([row(state)], "street")
    assert "97 % (target 80 %)" in health_table([row()], "street")


def test_there_is_no_figure_over_a_picture_that_stands_still() -> None:
    timeline, sample = Timeline(0), look_at([pair(number) for number in range(30)])
    timeline.receive(sample)
    later = replace(sample, now_ns=sample.now_ns + 4 * NS_PER_S)
    assert timeline.words(later, row())["drift-more"] == "no frame for 4 s"
    assert timeline.words(later, row())["latency"] == UNKNOWN
    seldom = replace(row(), fps=0.5)  # a picture each two seconds
    assert timeline.words(later, seldom)["latency"] != UNKNOWN
