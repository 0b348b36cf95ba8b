"""The media that the server writes, read by the client."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.client import ProtocolError
from streamlab.client.mp4 import avc_configuration, frames_data, rebase
from streamlab.core.mp4.box import Sample, avcc, box, full_box, init_segment, media_segment
from tests.core.makers import SETS

FRAMES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5)


@given(FRAMES, st.integers(0, 1 << 40))
def test_frames_come_back(frames: list[bytes], pts: int) -> None:
    segment = media_segment(7, pts, [Sample(data, 3000, True) for data in frames])
    assert frames_data(segment) == frames


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40))
def test_time_is_counted_from_the_origin(origin: int, after: int) -> None:
    samples = [Sample(b"slice", 3000, True)]
    moved = rebase(media_segment(7, origin + after, samples), origin)
    assert moved == media_segment(7, after, samples)


def test_sizes_by_default_and_flags_of_the_first_frame() -> None:
    tfhd = full_box(b"tfhd", 0, 0x020010, bytes((0, 0, 0, 1)), (5).to_bytes(4, "big"))
    tfdt = full_box(b"tfdt", 0, 0, bytes(4))
    trun = full_box(b"trun", 0, 0x000005, (2).to_bytes(4, "big"), bytes((0, 0, 0, 84)), bytes(4))
    moof = box(b"moof", box(b"traf", tfhd, tfdt, trun))
    assert len(moof) == 76
    assert frames_data(moof + box(b"mdat", b"firstother")) == [b"first", b"other"]


def test_the_decoders_configuration() -> None:
    assert avc_configuration(init_segment(SETS, 640, 360)) == avcc(SETS)


@given(st.integers(0, 200))
def test_what_ends_too_early(length: int) -> None:
    segment = media_segment(7, 0, [Sample(b"slice" * 20, 3000, True)])
    with pytest.raises(ProtocolError):
        frames_data(segment[: min(length, len(segment) - 1)])
    with pytest.raises(ProtocolError):
        avc_configuration(init_segment(SETS, 640, 360)[:length])


@given(
    st.dictionaries(st.integers(0, 140), st.integers(0, 255), max_size=4),
    st.integers(0, 1 << 40),
    st.integers(0, 1 << 40),
)
def test_media_with_changed_bytes(changes: dict[int, int], pts: int, origin: int) -> None:
    samples = [Sample(b"slice", 3000, True), Sample(b"other", 3000, False)]
    segment = bytearray(media_segment(7, pts, samples))
    for at, byte in changes.items():
        segment[at % len(segment)] = byte
    with suppress(ProtocolError):
        assert sum(map(len, frames_data(bytes(segment)))) <= len(segment)
    with suppress(ProtocolError):
        assert len(rebase(bytes(segment), origin)) == len(segment)


def test_boxes_without_what_they_announce() -> None:
    tfdt = box(b"moof", box(b"traf", box(b"tfdt", b"\1\0\0\0")))
    with pytest.raises(ProtocolError, match="tfdt box of 4 bytes"):
        rebase(tfdt, 0)
    early = media_segment(7, 10, [Sample(b"slice", 3000, True)])
    with pytest.raises(ProtocolError, match="before the origin 11"):
        rebase(early, 11)
    trun = full_box(b"trun", 0, 0, bytes(4))
    for tfhd in (box(b"tfhd"), full_box(b"tfhd", 0, 0x000010, bytes(4))):
        with pytest.raises(ProtocolError, match=r"without its version|size of its frames"):
            frames_data(box(b"moof", box(b"traf", tfhd, trun)))
    tfhd, trun = full_box(b"tfhd", 0, 0, bytes(4)), full_box(b"trun", 0, 0, b"\xff" * 4)
    with pytest.raises(ProtocolError, match="4294967295 frames"):
        frames_data(box(b"moof", box(b"traf", tfhd, trun)))


@given(st.binary(max_size=200))
def test_what_is_no_media(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        frames_data(data)
