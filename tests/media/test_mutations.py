"""Damaged videos: each gives pictures or fails with SourceError, whatever was damaged."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import pytest

from streamlab.errors import SourceError, SourceFormatError
from streamlab.media.opening import open_source
from streamlab.media.passthrough import PassthroughReader
from streamlab.media.probe import Reading
from streamlab.media.spec import SourceSpec
from tests.fakes import videos

SUFFIXES = ("mp4", "mkv", "avi", "ts", "flv", "h264")
TITLE = "Einfahrt Mueller"
RECIPE = videos.Recipe(width=64, height=64, frames=12, gop=6)
MOST_FRAMES = 40
HEAD_BYTES = 1500
MATROSKA_H264, UNKNOWN = b"V_MPEG4/ISO/AVC", b"V_NOBODY/KNOWS/"

Video = Callable[[str], bytes]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    """Return the bytes of a small video by its suffix."""
    folder = tmp_path_factory.mktemp("videos")

    def made(suffix: str) -> bytes:
        path = folder / f"video.{suffix}"
        if not path.exists():
            with av.open(str(path), "w") as container:
                container.metadata["title"] = TITLE
                stream = videos.add_stream(container, RECIPE)
                stream.metadata.update({"language": "ger", "title": TITLE})
                for packet in videos.encode(stream, RECIPE):
                    container.mux(packet)
        return path.read_bytes()

    return made


def mutated(data: bytes, seed: int) -> bytes:
    """Return a copy with 1 to 64 bytes changed or pieces lost, half of them near an end."""
    rng, damaged = random.Random(seed), bytearray(data)
    for _ in range(rng.choice((1, 4, 16, 64))):
        near = rng.randrange(min(len(damaged), HEAD_BYTES))
        at = rng.choice((rng.randrange(len(damaged)), near, len(damaged) - 1 - near))
        damage = rng.randrange(4)
        if damage == 0:
            damaged[at] = rng.randrange(256)
        elif damage == 1:
            damaged[at] ^= 1 << rng.randrange(8)
        elif damage == 2:
            damaged[at] = rng.choice((0x00, 0x7F, 0x80, 0xFC, 0xFF))
        else:
            del damaged[at : at + rng.randrange(1, 16)]
    return bytes(damaged)


def frames_of(path: Path) -> int:
    """Read a video as a camera does; return how many frames it gave."""
    with closing(open_source(SourceSpec.parse(f"{path}#once"), 5.0)) as source:
        own = PassthroughReader(source)
        numbered = enumerate(islice(source.frames(), MOST_FRAMES))
        return sum(1 for number, item in numbered if not own.receive_frame(item, number) or True)


def check(path: Path, data: bytes, caplog: pytest.LogCaptureFixture) -> bool:
    """Return True if a video gives frames, False if it fails as it should."""
    path.write_bytes(data)
    reading = Reading(SourceSpec.parse(f"{path}#once"), 5.0)
    reading.run()
    assert not caplog.records  # nothing unexpected in its thread
    with suppress(SourceError):
        reading.report().as_dict()
    with suppress(SourceError):
        return frames_of(path) > 0
    return False


def check_seeds(path: Path, data: bytes, caplog: pytest.LogCaptureFixture, seeds: range) -> None:
    outcomes = {check(path, mutated(data, seed), caplog) for seed in seeds}
    assert True in outcomes


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_video_gives_pictures_or_says_why_not(
    tmp_path: Path, video: Video, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    check_seeds(tmp_path / f"damaged.{suffix}", video(suffix), caplog, range(10))


@pytest.mark.long
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_many_damaged_videos_give_pictures_or_say_why_not(
    tmp_path: Path, video: Video, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    check_seeds(tmp_path / f"damaged.{suffix}", video(suffix), caplog, range(10, 60))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "flv"])
def test_a_video_whose_title_is_latin_1_is_played(
    tmp_path: Path, video: Video, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    path, plain = tmp_path / f"latin.{suffix}", video(suffix)
    assert TITLE.encode() in plain
    latin = plain.replace(TITLE.encode(), TITLE.replace("u", "ü").encode("latin-1"))
    assert check(path, latin, caplog)


def test_a_video_in_an_unknown_format_is_refused(tmp_path: Path, video: Video) -> None:
    path = tmp_path / "unknown.mkv"
    path.write_bytes(video("mkv").replace(MATROSKA_H264, UNKNOWN))
    for spec in (SourceSpec.parse(str(path)), SourceSpec.parse(f"{path}#video=0")):
        with pytest.raises(SourceFormatError, match="a format that cannot be decoded"):
            open_source(spec)


def two_streams(path: Path, *recipes: videos.Recipe) -> Path:
    with av.open(str(path), "w") as container:
        streams = [videos.add_stream(container, recipe) for recipe in recipes]
        for stream, recipe in zip(streams, recipes, strict=True):
            for packet in videos.encode(stream, recipe):
                container.mux(packet)
    return path


def test_a_stream_that_can_be_decoded_is_preferred(tmp_path: Path) -> None:
    path = two_streams(tmp_path / "two.mkv", replace(RECIPE, width=320, height=180), RECIPE)
    path.write_bytes(path.read_bytes().replace(MATROSKA_H264, UNKNOWN, 1))
    with closing(open_source(SourceSpec.parse(str(path)))) as source:
        assert (source.info.width, source.info.height) == (64, 64)
    reading = Reading(SourceSpec.parse(f"{path}#once"))
    reading.run()
    report = reading.report().streams
    assert [stream.width for stream in report.streams] == [None, 64]
    assert report.chosen_stream == 1


def test_a_stream_that_cannot_be_decoded_does_not_end_the_other(tmp_path: Path) -> None:
    path = two_streams(tmp_path / "two.mkv", RECIPE, RECIPE)
    before, _, after = path.read_bytes().rpartition(MATROSKA_H264)
    path.write_bytes(before + UNKNOWN + after)
    assert frames_of(path) == RECIPE.frames


def test_the_last_frames_of_a_second_stream_are_shown(tmp_path: Path) -> None:
    path = two_streams(tmp_path / "two.mkv", RECIPE, replace(RECIPE, options=videos.B_FRAMES))
    with closing(open_source(SourceSpec.parse(f"{path}#video=1#once"))) as source:
        assert len(list(source.frames())) == RECIPE.frames


def test_a_file_name_that_is_too_long_is_a_source_error() -> None:
    with pytest.raises(SourceError, match="name too long"):
        open_source(SourceSpec.parse("a" * 300))
