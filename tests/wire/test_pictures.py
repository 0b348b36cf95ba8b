"""What is in the delivered bytes: the truth strip, the channel cell, the boxes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
import pytest

from .client import Stream
from .picture import Picture, is_channel_cell_white, strip_rows
from .street import assert_strip_is_true, both_channels, decode_channel

OUTLINE_PX = 4  # on either side of a box's edge


@both_channels
def test_every_listed_frame_decodes_and_shows_its_own_number(
    both: Stream, pictures: dict[str, list[Picture]], channel: str
) -> None:
    listed = [frame["pts"] for fragment in both.fragments(channel) for frame in fragment.frames]
    assert [picture.pts for picture in pictures[channel]] == listed
    assert_strip_is_true(pictures[channel])


def test_channel_cell_tells_the_channels_apart(pictures: dict[str, list[Picture]]) -> None:
    assert not any(is_channel_cell_white(picture.luma) for picture in pictures["raw"])
    assert all(is_channel_cell_white(picture.luma) for picture in pictures["annotated"])


def difference(raw: Picture, annotated: Picture) -> npt.NDArray[np.float64]:
    """Return how far two pictures are apart, `(height, width)`, luma and chroma added up."""
    apart = np.abs(raw.luma.astype(float) - annotated.luma)
    for left, right in ((raw.cb, annotated.cb), (raw.cr, annotated.cr)):
        chroma = np.abs(left.astype(float) - right)
        apart += chroma.repeat(2, axis=0).repeat(2, axis=1)[: apart.shape[0], : apart.shape[1]]
    return apart


def outline(shape: tuple[int, ...], box: list[float]) -> npt.NDArray[np.bool_]:
    """Return the mask of the pixels near the edges of a box."""
    mask = np.zeros(shape, bool)
    x1, y1, x2, y2 = (round(edge) for edge in box)
    near, past = OUTLINE_PX, OUTLINE_PX + 1
    mask[max(y1 - near, 0) : y2 + past, max(x1 - near, 0) : x2 + past] = True
    mask[y1 + past : max(y2 - near, 0), x1 + past : max(x2 - near, 0)] = False
    return mask


def test_boxes_are_drawn_where_the_rows_say(
    both: Stream, pictures: dict[str, list[Picture]]
) -> None:
    raw = {picture.pts: picture for picture in pictures["raw"]}
    frames: dict[int, dict[str, Any]] = {
        frame["pts"]: frame for fragment in both.fragments("annotated") for frame in fragment.frames
    }
    compared = 0
    for annotated in pictures["annotated"]:
        if annotated.pts not in raw:
            continue
        apart = difference(raw[annotated.pts], annotated)
        rest = float(np.median(apart))
        for row in frames[annotated.pts]["detections"]:
            mask = outline(apart.shape, row[:4])
            assert apart[mask].mean() > 2 * rest + 10, f"no box at {row} of {annotated.pts}"
            compared += 1
    assert compared


def test_nothing_is_drawn_over_the_strip(pictures: dict[str, list[Picture]]) -> None:
    raw = {picture.pts: picture for picture in pictures["raw"]}
    pairs = [(raw[other.pts], other) for other in pictures["annotated"] if other.pts in raw]
    assert pairs
    for plain, drawn in pairs:
        rows = strip_rows(plain.luma.shape[0])
        apart = plain.luma[: rows - 1].astype(float) - drawn.luma[: rows - 1]
        assert np.abs(apart).mean() < 8


@both_channels
def test_ffmpeg_finds_nothing_to_warn_of(both: Stream, channel: str, tmp_path: Path) -> None:
    path = tmp_path / f"{channel}.mp4"
    (init,) = both.inits(channel)
    path.write_bytes(init.data + b"".join(each.data for each in both.fragments(channel)))
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-v", "warning"]
    done = subprocess.run(
        [*command, "-i", str(path), "-f", "null", "-"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("quality", ["low", "high"])
def test_other_qualities_show_the_same_frames(server_url: str, quality: str) -> None:
    with Stream(
        server_url, initial_channel="both", raw_quality=quality, annotated_quality=quality
    ) as stream:
        stream.read_media(1.5, "raw", "annotated")
    for channel in ("raw", "annotated"):
        assert {fragment.quality for fragment in stream.fragments(channel)} == {quality}
        assert_strip_is_true(decode_channel(stream, channel))


def test_source_quality_of_a_camera_without_h264_still_plays(server_url: str) -> None:
    with Stream(server_url, raw_quality="source") as stream:
        stream.read_media(1.5, "raw")
    assert_strip_is_true(decode_channel(stream, "raw"))
