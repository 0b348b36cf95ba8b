"""The client itself, on bytes that FFmpeg's own muxer wrote."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.videos import Recipe, encode, set_up

from .h264 import NAL_IDR, SLICE_B, nal_type, parse_sps, slice_types, split_nals
from .mp4 import Mp4Error, boxes, parse_fragment, parse_init
from .picture import decode, is_channel_cell_white, read_strip
from .sse import EventParser

B_FRAMES = {"preset": "veryfast", "bf": "2"}
FLAGS = "frag_every_frame+empty_moov+default_base_moof"


def fragmented(recipe: Recipe) -> tuple[bytes, list[bytes]]:
    """Return an init segment and one fragment for each frame, by FFmpeg's muxer."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"movflags": FLAGS}) as container:
        stream = container.add_stream(recipe.codec, rate=recipe.rate)
        assert isinstance(stream, av.VideoStream)
        set_up(stream.codec_context, recipe)
        stream.time_base = Fraction(1, 90_000)
        for packet in encode(stream, recipe):
            container.mux(packet)
    data = file.getvalue()
    starts = [box.start - 8 for box in boxes(data) if box.kind in ("moof", "mfra")]
    fragments = [data[start:end] for start, end in pairwise(starts)]
    return data[: starts[0]], fragments


@pytest.fixture(scope="module")
def plain() -> tuple[bytes, list[bytes]]:
    return fragmented(Recipe(frames=30, gop=10))


def test_reads_what_ffmpeg_wrote(plain: tuple[bytes, list[bytes]]) -> None:
    data, fragments = plain
    init = parse_init(data)
    media = [parse_fragment(init, fragment) for fragment in fragments]
    assert (init.width, init.height, init.timescale) == (320, 180, 90_000)
    assert [each.tfdt for each in media] == [3600 * n for n in range(30)]
    samples = [sample for each in media for sample in each.samples]
    assert [sample.is_sync for sample in samples] == [n % 10 == 0 for n in range(30)]
    for sample in samples:
        nals = split_nals(sample.data, init.nal_length_size)
        assert (NAL_IDR in map(nal_type, nals)) == sample.is_sync
        assert SLICE_B not in slice_types(nals)
    sps = parse_sps(init.sps[0])
    assert (sps.width, sps.height, sps.max_num_reorder_frames) == (320, 180, 0)
    assert init.codec == f"avc1.{sps.profile_compat_level.hex()}"


def test_sees_b_frames() -> None:
    data, fragments = fragmented(Recipe(frames=20, options=B_FRAMES))
    init = parse_init(data)
    samples = [s for each in fragments for s in parse_fragment(init, each).samples]
    types = [slice_types(split_nals(s.data, init.nal_length_size)) for s in samples]
    assert any(SLICE_B in kinds for kinds in types)
    assert any(sample.composition_offset for sample in samples)
    assert parse_sps(init.sps[0]).max_num_reorder_frames not in (0, None)


def test_reads_the_strip_of_every_picture(plain: tuple[bytes, list[bytes]]) -> None:
    data, fragments = plain
    pictures = decode(data, fragments)
    assert [read_strip(picture.luma) for picture in pictures] == list(range(30))
    assert [picture.pts for picture in pictures] == [3600 * n for n in range(30)]
    assert not any(is_channel_cell_white(picture.luma) for picture in pictures)


def test_damaged_strip_is_no_number(plain: tuple[bytes, list[bytes]]) -> None:
    (picture,) = decode(plain[0], plain[1][:1])
    picture.luma[:8, :10] = 235
    assert read_strip(picture.luma) is None


def test_cut_fragment_is_an_error(plain: tuple[bytes, list[bytes]]) -> None:
    init = parse_init(plain[0])
    with pytest.raises(Mp4Error):
        parse_fragment(init, plain[1][0][:-1])


@given(
    texts=st.lists(st.text(), min_size=1, max_size=4),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    size=st.integers(1, 30),
)
def test_events_come_out_whole_however_they_are_cut(texts: list[str], end: str, size: int) -> None:
    blocks = [
        end.join(
            [": a comment", f"id: {n}", "event: e", "data: " + json.dumps({"text": text}), "", ""]
        )
        for n, text in enumerate(texts)
    ]
    body = ("".join(blocks) + ":" + end).encode()
    parser = EventParser()
    events = [
        event
        for start in range(0, len(body), size)
        for event in parser.receive(body[start : start + size])
    ]
    events += parser.receive(b"\n")
    assert [event.data["text"] for event in events] == texts
    assert [event.event_id for event in events] == [str(n) for n in range(len(texts))]


def test_data_of_two_lines_is_one_object() -> None:
    (event,) = EventParser().receive(b'event: e\ndata: {"a":\ndata: 1}\n\n')
    assert (event.name, event.data) == ("e", {"a": 1})
