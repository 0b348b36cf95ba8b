"""The film is shown and not its cover, and interlaced pictures are deinterlaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import av
import numpy as np
import pytest

from streamlab.errors import SourceError
from streamlab.media.container import ContainerSource
from streamlab.media.devices import read_packets
from streamlab.media.opening import open_source
from streamlab.media.passthrough import PassthroughReader
from streamlab.media.spec import SourceSpec
from tests.fakes import videos

FIELD = Path(__file__).parents[3] / "shared" / "data" / "field"
WIDTH, HEIGHT, FRAMES = 320, 240, 24


def write_interlaced(path: Path) -> None:
    """A bar that moves by 8 px a frame; the second field is half a step further."""
    with av.open(path, "w") as container:
        options = {"flags": "+ildct+ilme", "x264opts": "tff=1:bframes=0"}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(FRAMES):
            planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
            planes[:HEIGHT] = 60
            for field in (0, 1):
                left = number * 8 + field * 4
                planes[field:HEIGHT:2, left : left + 20] = 220
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_interlaced_pictures_are_deinterlaced_and_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "interlaced.ts"
    write_interlaced(path)
    source = open_source(SourceSpec.parse(f"{path}#once"))
    assert isinstance(source, ContainerSource)
    assert "interlaced" in source.objection
    pictures = [item.frame.to_ndarray()[:HEIGHT].astype(int) for item in source.frames()]
    assert len(pictures) == FRAMES
    for luma in pictures[1:]:
        between = (luma[:-2] + luma[2:]) / 2
        assert np.abs(luma[1:-1] - between).mean() < 1, "lines of the two fields alternate"


@pytest.mark.skipif(not FIELD.is_dir(), reason="the field files are not here")
def test_the_film_is_chosen_and_not_its_cover() -> None:
    path = FIELD / "cover_art_first.mp4"
    source = open_source(SourceSpec.parse(str(path)))
    assert (source.info.width, source.info.height) == (160, 90)
    source.close()
    chosen = open_source(SourceSpec.parse(f"{path}#video=1"))
    assert (chosen.info.width, chosen.info.height) == (160, 90)
    chosen.close()
    with pytest.raises(SourceError):
        open_source(SourceSpec.parse(f"{path}#video=7"))


def test_a_stream_that_appears_in_mid_stream_does_not_matter() -> None:
    class Container:
        """Ends as PyAV does (17 and 18) when FFmpeg knows of more streams than at its opening."""

        def demux(self) -> Iterator[SimpleNamespace]:
            streams = (SimpleNamespace(index=index) for index in (0, 1))
            yield from (SimpleNamespace(stream=each, name=f"of {each.index}") for each in streams)
            raise IndexError("list index out of range")

    stream = cast("Any", SimpleNamespace(index=0))
    packets = cast("Any", read_packets(cast("Any", Container()), stream))
    assert [packet.name for packet in packets] == ["of 0"]


def test_a_film_that_is_scaled_down_is_not_passed_through(tmp_path: Path) -> None:
    spec = SourceSpec.parse(str(videos.baseline(tmp_path / "film.mp4")))
    for max_height, detail in ((None, ""), (120, "higher than max_height, 120 px")):
        source = open_source(replace(spec, max_height=max_height))
        assert source.info.height == (max_height or 180)
        own = PassthroughReader(source)
        assert (own.receive_frame(next(source.frames()), 0) is None) is (max_height is not None)
        assert detail in own.judge.detail
        source.close()


@pytest.mark.parametrize(
    ("encoder", "name"), [("libsvtav1", "av1"), ("libx265", "hevc"), ("libvpx", "vp8")]
)
def test_a_codec_is_named_by_its_standard_not_its_decoder(
    tmp_path: Path, encoder: str, name: str
) -> None:
    path = videos.write(tmp_path / "a.mkv", videos.Recipe(codec=encoder, frames=5))
    source = open_source(SourceSpec.parse(str(path)))
    assert source.info.codec == name
    source.close()
