"""Files of every kind become cameras, and what comes out is what went in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import av
import httpx
import pytest

from tests.fakes import videos

from .client import READ_TIMEOUT_S, Stream
from .h264 import NAL_SPS, nal_type, parse_sps, split_nals
from .mp4 import parse_fragment, parse_init
from .picture import read_strip
from .schema import problems
from .street import decode_channel, dropped_at_source

MAKERS: dict[str, Callable[[Path], Path]] = {
    "b_frames.mp4": videos.b_frames,
    "odd_size.mp4": videos.odd_size,
    "odd_size_444.mkv": videos.odd_size_444,
    "ntsc_rate.mp4": videos.ntsc_rate,
    "variable_rate.mp4": videos.variable_rate,
    "rotated.mp4": videos.rotated,
    "with_audio.mp4": videos.with_audio,
    "size_changes.ts": videos.size_changes_timed,
    "size_changes.h264": videos.size_changes,
}

Open = Callable[[Path], str]


@pytest.fixture
def open_camera(server_url: str) -> Iterator[Open]:
    """Return a function that makes a file a camera and returns its id."""
    opened: list[str] = []
    with httpx.Client(base_url=server_url, timeout=READ_TIMEOUT_S) as http:

        def open_camera(path: Path) -> str:
            camera_id = path.name.replace(".", "-").replace("_", "-")
            body = {"camera_id": camera_id, "source": str(path)}
            response = http.post("/cameras", json=body)
            assert response.status_code in (200, 201), response.text
            opened.append(camera_id)
            return camera_id

        yield open_camera
        for camera_id in opened:
            http.delete(f"/cameras/{camera_id}")


@pytest.mark.parametrize("name", MAKERS)
def test_every_kind_of_video_plays(
    server_url: str, video_folder: Path, open_camera: Open, name: str
) -> None:
    camera_id = open_camera(MAKERS[name](video_folder / name))
    media_s = 2.6 if name.startswith("size") else 1.0
    with Stream(server_url, f"/streams/sse/{camera_id}/dual", initial_channel="both") as stream:
        stream.read_media(media_s, "raw", "annotated")
    assert {problem for event in stream.log for problem in problems(event)} == set()
    for channel in ("raw", "annotated"):
        fragments = stream.fragments(channel)
        for before, after in pairwise(fragments):
            assert after.sequence == before.sequence + 1
            assert after.pts > before.pts
            assert after.init_id == before.init_id or after.keyframe
        pictures = decode_channel(stream, channel)
        listed = [frame["pts"] for fragment in fragments for frame in fragment.frames]
        assert [picture.pts for picture in pictures] == listed
        numbers = [read_strip(picture.luma) for picture in pictures]
        counted = [number for number in numbers if number is not None]
        assert len(counted) == len(numbers)
        assert missing_numbers(counted) <= dropped_at_source(server_url, camera_id)


def missing_numbers(numbers: list[int]) -> int:
    """Return how many numbers are left out; the second size of a video counts anew from 0."""
    return sum(
        after - before - 1 if after > before else after for before, after in pairwise(numbers)
    )


def test_rotated_video_is_shown_upright(
    server_url: str, video_folder: Path, open_camera: Open
) -> None:
    camera_id = open_camera(videos.rotated(video_folder / "upright.mp4"))
    with Stream(server_url, f"/streams/sse/{camera_id}/dual") as stream:
        stream.read_media(0.2, "raw")
    (init,) = stream.inits("raw")
    assert init.height > init.width


def test_source_quality_is_the_camera_s_own_h264(
    server_url: str, video_folder: Path, open_camera: Open
) -> None:
    path = videos.baseline(video_folder / "baseline.mp4")
    with av.open(str(path)) as container:
        own = {slices(bytes(packet), 4) for packet in container.demux(video=0) if packet.size}
    camera_id = open_camera(path)
    url = f"/streams/sse/{camera_id}/dual"
    with Stream(server_url, url, raw_quality="source", initial_channel="both") as stream:
        stream.read_media(1.5, "raw", "annotated")
    fragments = stream.fragments("raw")
    assert {fragment.quality for fragment in fragments} == {"source"}
    init = parse_init(stream.inits("raw")[0].data)
    assert parse_sps(init.sps[0]).max_num_reorder_frames in (0, None)
    for fragment in fragments:
        for sample in parse_fragment(init, fragment.data).samples:
            assert slices(sample.data, init.nal_length_size) in own, "it was encoded again"
    keyframes = [{f.pts for f in stream.fragments(c) if f.keyframe} for c in ("raw", "annotated")]
    assert keyframes[0] & keyframes[1]
    end = min(stream.fragments(channel)[-1].pts for channel in ("raw", "annotated"))
    assert {pts for pts in keyframes[0] ^ keyframes[1] if pts <= end} == set()


def slices(sample: bytes, length_size: int) -> tuple[bytes, ...]:
    """Return the NAL units that carry picture, without parameter sets and the like."""
    nals = split_nals(sample, length_size)
    return tuple(nal for nal in nals if nal_type(nal) < NAL_SPS - 1)


def test_removed_camera_says_goodbye(
    server_url: str, video_folder: Path, open_camera: Open
) -> None:
    camera_id = open_camera(videos.baseline(video_folder / "goodbye.mp4"))
    with Stream(server_url, f"/streams/sse/{camera_id}/dual") as stream:
        stream.read_media(0.2, "raw")
        deleted = httpx.delete(f"{server_url}/cameras/{camera_id}", timeout=READ_TIMEOUT_S)
        assert deleted.status_code in (200, 204)
        stream.read_to_end()
    assert stream.names().count("end") == 1
    assert stream.log[-1].name == "end"
    assert stream.log[-1].data["reason"] == "camera_removed"
