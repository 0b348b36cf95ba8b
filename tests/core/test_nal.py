from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.nal import (
    ParameterSets,
    split_annex_b,
    split_length_prefixed,
    to_sample,
)
from streamlab.core.passthrough import MAX_GOP_PTS, PassthroughJudge, objection
from streamlab.core.sps import parse_sps
from streamlab.errors import SourceFormatError

# Made by x264: Baseline with a bitstream restriction, and High with two reordered frames.
BASELINE_SPS = bytes.fromhex("6742c01eda0280bfe584000003000400000300f23c58ba80")
NALS = st.lists(
    st.binary(min_size=1, max_size=400).map(
        lambda body: b"\x65" + body.replace(b"\0", b"\1") + b"\x80"
    ),
    min_size=1,
    max_size=6,
)


@given(NALS, st.sampled_from([b"\0\0\1", b"\0\0\0\1"]))
def test_annex_b_and_length_prefixes_hold_the_same_units(nals: list[bytes], start: bytes) -> None:
    assert list(split_annex_b(b"".join(start + nal for nal in nals))) == nals
    assert list(split_length_prefixed(to_sample(nals), 4)) == nals


@given(NALS)
def test_the_extradata_says_how_units_are_framed(nals: list[bytes]) -> None:
    pps = b"\x68\xce\x3c\x80"
    record = b"\1" + BASELINE_SPS[1:4] + b"\xff\xe1" + len(BASELINE_SPS).to_bytes(2, "big")
    record += BASELINE_SPS + b"\1" + len(pps).to_bytes(2, "big") + pps
    sets = ParameterSets.from_extradata(record)
    assert (sets.sps, sets.pps, sets.codec) == (BASELINE_SPS, pps, "avc1.42c01e")
    assert sets.split(to_sample(nals)) == nals
    annex_b = ParameterSets.from_extradata(b"\0\0\0\1" + BASELINE_SPS + b"\0\0\1" + pps)
    assert annex_b.split(b"".join(b"\0\0\1" + nal for nal in nals)) == nals


def test_nothing_but_slices_goes_into_a_sample() -> None:
    nals = [b"\x09\x10", b"\x67abc", b"\x68abc", b"\x06abc", b"\x65abc"]
    assert to_sample(nals) == b"\0\0\0\4\x65abc"


@given(st.binary(max_size=60))
def test_rubbish_is_refused_by_name(data: bytes) -> None:
    assert list(split_annex_b(b"rubbish")) == []
    with pytest.raises(SourceFormatError):
        ParameterSets.from_extradata(b"\0\0\1\x65" + data.replace(b"\1", b"\2"))
    with suppress(SourceFormatError):
        parse_sps(b"\x67" + data)


def test_an_sps_says_that_nothing_is_reordered() -> None:
    info = parse_sps(BASELINE_SPS)
    assert (info.profile_idc, info.chroma_format_idc, info.bit_depth) == (66, 1, 8)
    assert info.max_num_reorder_frames == 0
    assert objection(ParameterSets(BASELINE_SPS, b"")) == ""


def gop(judge: PassthroughJudge, start: int, span: int) -> None:
    for pts in range(start, start + span, 3000):
        judge.receive_frame(pts, keyframe=pts == start, intact=True)


def test_a_short_gop_is_passed_through_from_its_idr_on() -> None:
    judge = PassthroughJudge("")
    judge.receive_frame(0, keyframe=False, intact=True)
    assert "first keyframe" in judge.detail
    gop(judge, 3000, 90_000)
    assert judge.detail == ""


def test_a_long_gop_is_transcoded_until_the_camera_makes_shorter_ones() -> None:
    judge = PassthroughJudge("")
    gop(judge, 0, MAX_GOP_PTS + 9000)
    assert "longer than 2 s" in judge.detail
    gop(judge, 900_000, 90_000)
    gop(judge, 990_000, 90_000)
    assert judge.detail == ""


def test_a_lost_picture_ends_the_gop() -> None:
    judge = PassthroughJudge("")
    gop(judge, 0, 30_000)
    judge.receive_frame(30_000, keyframe=False, intact=False)
    judge.receive_frame(33_000, keyframe=False, intact=True)
    assert "lost" in judge.detail
    gop(judge, 90_000, 30_000)
    assert judge.detail == ""


def test_an_objection_stays() -> None:
    judge = PassthroughJudge("it is interlaced")
    gop(judge, 0, 90_000)
    assert judge.detail == "it is interlaced"
