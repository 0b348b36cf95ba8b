"""The figures that `streamlab watch` shows of a camera."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streamlab.cli.watched import WatchedCamera, line, picture, summary
from streamlab.client.stream import StreamStats
from streamlab.core.time.timebase import NS_PER_MS
from tests.client.makers import connected, fragment

STATS = StreamStats(0, 0, 0, 0, 0, "")
NOW_NS = 1000 * NS_PER_MS


def report_of(**late_ms: float) -> dict[str, Any]:
    """Return the report of a camera whose annotated channels come so much later than raw."""
    camera = WatchedCamera("street")
    camera.receive(connected("street-1", "raw", *late_ms))
    for channel, late in {"raw": 0.0, **late_ms}.items():
        for number in range(10):
            arrived_ns = NOW_NS + round((number + late) * NS_PER_MS)
            camera.receive(replace(fragment(number, channel), arrived_ns=arrived_ns))
    return camera.report(STATS, NOW_NS + 20 * NS_PER_MS, 1.0)


@pytest.mark.parametrize("channel", ["annotated", "pose"])
def test_the_drift_is_that_of_the_channel_that_is_watched(channel: str) -> None:
    report = report_of(**{channel: 7.0})
    assert (report["drift_channel"], report["drift_ms"]["p99"]) == (channel, 7.0)
    assert report["released_drift_ms"]["now"] == 0
    assert "| drift +7.0 ms" in line(report)
    assert "reconnects, drift +7.0 ms" in next(summary([report], []))


def test_of_several_channels_the_worst_is_named() -> None:
    report = report_of(annotated=3.0, pose=7.0, plates=5.0)
    assert report["drift_channel"] == "pose"
    assert "| drift of pose +7.0 ms" in line(report)


def test_before_anything_was_measured_there_is_no_drift() -> None:
    camera = WatchedCamera("street")
    camera.receive(connected("street-1", "raw", "pose"))
    report = camera.report(STATS, NOW_NS, 1.0)
    assert report["drift_ms"]["now"] is None
    assert "| drift -" in line(report)
    picture([report], "title")
