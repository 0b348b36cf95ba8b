"""The videos are what their makers say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from tests.fakes import videos
from tests.wire.picture import read_strip

Maker = Callable[[Path], Path]


def frames_of(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def numbers_of(frames: list[av.VideoFrame]) -> list[int | None]:
    return [read_strip(frame.to_ndarray(format="gray").astype(np.uint8)) for frame in frames]


@pytest.mark.parametrize(
    ("make", "suffix", "size", "has_b_frames"),
    [
        (videos.baseline, ".mp4", (320, 180), False),
        (videos.b_frames, ".mp4", (320, 180), True),
        (videos.odd_size, ".mp4", (321, 181), False),
        (videos.odd_size_444, ".mkv", (321, 181), False),
        (videos.ntsc_rate, ".mp4", (320, 180), False),
        (videos.variable_rate, ".mp4", (320, 180), False),
        (videos.with_audio, ".mp4", (320, 180), False),
    ],
)
def test_pictures_are_numbered(
    tmp_path: Path, make: Maker, suffix: str, size: tuple[int, int], has_b_frames: bool
) -> None:
    frames = frames_of(make(tmp_path / f"video{suffix}"))
    assert {(frame.width, frame.height) for frame in frames} == {size}
    assert any(frame.pict_type == PictureType.B for frame in frames) == has_b_frames
    assert numbers_of(frames) == list(range(len(frames)))


@pytest.mark.parametrize(
    ("make", "suffix"), [(videos.size_changes, ".h264"), (videos.size_changes_timed, ".ts")]
)
def test_size_changes_in_the_middle(tmp_path: Path, make: Maker, suffix: str) -> None:
    frames = frames_of(make(tmp_path / f"video{suffix}"))
    assert [frame.width for frame in frames] == [320] * 50 + [480] * 50
    assert numbers_of(frames) == list(range(100))


def test_rotated_video_says_so(tmp_path: Path) -> None:
    frame = frames_of(videos.rotated(tmp_path / "video.mp4"))[0]
    assert (frame.width, frame.height, frame.rotation) == (320, 180, -90)


@pytest.mark.parametrize("make", [videos.text, videos.truncated])
def test_what_is_no_video_does_not_open(tmp_path: Path, make: Maker) -> None:
    with pytest.raises(av.InvalidDataError):
        frames_of(make(tmp_path / "video.mp4"))


def test_video_cut_after_its_index_opens_and_breaks(tmp_path: Path) -> None:
    path = videos.truncated_after_index(tmp_path / "video.mp4")
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        assert next(frames) is not None
        with pytest.raises(av.InvalidDataError):
            list(frames)
