"""Recordings are played by their own time: sources and timeline, without waiting."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import pytest

from streamlab.core.time.timeline import Timeline
from streamlab.media.opening import open_source
from streamlab.media.spec import SourceSpec
from tests.fakes import videos
from tests.fakes.videos import B_FRAMES, Recipe

FRAMES = 24
PAUSE_MS = [0, 40, 80, 8080, 8120, 16120, 16160]
VARIABLE_MS = [0, 20, 67, 177, 197, 217, 264, 1500, 1510]
TWICE = [n - (n % 5 == 4) for n in range(FRAMES)]

Make = Callable[[Path], Path]


def rate(fps: Fraction | int, **changes: str) -> Recipe:
    recipe = Recipe(rate=Fraction(fps), frames=FRAMES)
    return replace(recipe, options=changes) if changes else recipe


def played(path: Path, frames: int) -> tuple[Fraction, list[int], list[int]]:
    """Return the rate of a file, and the pts and durations that its frames get."""
    with closing(open_source(SourceSpec.parse(str(path)))) as source:
        timeline = Timeline(round(90_000 / source.info.fps))
        items = list(islice(source.frames(), frames))
        assert not any(item.restart for item in items)
        pts = [timeline.receive_frame(item.stamp) for item in items]
        durations = [item.duration or timeline.nominal_duration for item in items]
        return source.info.fps, pts, durations


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".h264", ".ts"])
@pytest.mark.parametrize("options", [videos.NO_B_FRAMES, B_FRAMES], ids=["plain", "B-frames"])
@pytest.mark.parametrize("fps", [Fraction(12), Fraction(24_000, 1001)], ids=["12", "23.976"])
def test_a_constant_rate_is_kept(
    tmp_path: Path, suffix: str, options: dict[str, str], fps: Fraction
) -> None:
    path = tmp_path / f"video{suffix}"
    recipe = rate(fps, **options)
    if suffix == ".h264":
        videos.raw_h264(path, recipe)
    else:
        videos.write(path, recipe)
    claimed, pts, durations = played(path, FRAMES)
    assert claimed == pytest.approx(fps, rel=0.001)
    due = [n * 90_000 / fps for n in range(FRAMES)]
    # Matroska counts in ms.
    assert max(abs(a - float(b)) for a, b in zip(pts, due, strict=True)) <= 90
    assert sum(durations) == pytest.approx(FRAMES * 90_000 / float(fps), rel=0.02)


@pytest.mark.parametrize("fps", [Fraction(2, 5), Fraction(1, 5)], ids=["0.4", "0.2"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_time_lapse_keeps_its_pace(tmp_path: Path, suffix: str, fps: Fraction) -> None:
    claimed, pts, _ = played(videos.write(tmp_path / f"lapse{suffix}", rate(fps)), FRAMES)
    assert claimed == fps
    assert pts == [int(n * 90_000 / fps) for n in range(FRAMES)]


@pytest.mark.parametrize("times_ms", [PAUSE_MS, VARIABLE_MS], ids=["pauses", "variable"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_pauses_and_variable_rates_are_kept(
    tmp_path: Path, suffix: str, times_ms: list[int]
) -> None:
    path = videos.write(tmp_path / f"film{suffix}", Recipe(rate=Fraction(1000)), times_ms)
    _, pts, _ = played(path, len(times_ms))
    assert pts == [90 * time_ms for time_ms in times_ms]


def test_stamps_that_come_twice_make_nothing_longer(tmp_path: Path) -> None:
    times_ms = [40 * n for n in TWICE]
    path = videos.write_stamped(tmp_path / "twice.mkv", rate(25), times_ms)
    _, pts, _ = played(path, FRAMES)
    assert [pts[n] for n in range(FRAMES) if n % 5 != 4] == [
        3600 * n for n in range(FRAMES) if n % 5 != 4
    ]
    assert pts == sorted(set(pts))
