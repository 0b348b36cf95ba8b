from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.nal import (
    AUD,
    SEI,
    SPS,
    ParameterSets,
    nal_type,
    split_annex_b,
    split_length_prefixed,
    to_sample,
)
from streamlab.core.nal import PPS as PPS_TYPE
from streamlab.core.passthrough import MAX_GOP_PTS, PassthroughJudge, objection
from streamlab.core.sps import parse_sps
from streamlab.errors import SourceFormatError

# Made by x264: Baseline with a bitstream restriction.
BASELINE_SPS = bytes.fromhex("6742c01eda0280bfe584000003000400000300f23c58ba80")
PPS = bytes.fromhex("68ce3c80")
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
    record = extradata(BASELINE_SPS, PPS)
    sets = ParameterSets.from_extradata(record)
    assert (sets.sps, sets.pps, sets.codec) == (BASELINE_SPS, PPS, "avc1.42c01e")
    assert sets.split(to_sample(nals)) == nals
    annex_b = ParameterSets.from_extradata(b"\0\0\0\1" + BASELINE_SPS + b"\0\0\1" + PPS)
    assert annex_b.split(b"".join(b"\0\0\1" + nal for nal in nals)) == nals


def test_start_codes_with_nothing_between_hold_no_unit() -> None:
    assert list(split_annex_b(b"\0\0\1\0\0\1\0\0\0\0\1\x65\x80\0\0")) == [b"\x65\x80"]


def test_nothing_but_slices_goes_into_a_sample() -> None:
    nals = [b"\x09\x10", b"\x67abc", b"\x68abc", b"\x06abc", b"\x65abc"]
    assert to_sample(nals) == b"\0\0\0\4\x65abc"


@given(NALS, st.integers(0, 60), st.integers(1, 4))
def test_a_sample_that_is_cut_short_gives_no_empty_unit(
    nals: list[bytes], missing: int, length_size: int
) -> None:
    sample = b"".join(min(len(nal), 255).to_bytes(length_size, "big") + nal[:255] for nal in nals)
    units = list(split_length_prefixed(sample[: max(0, len(sample) - missing)], length_size))
    assert all(units)
    assert all(nal.startswith(unit) for nal, unit in zip(nals, units, strict=False))
    assert units[:-1] == [nal[:255] for nal in nals[: len(units)]][:-1]


def extradata(sps: bytes, pps: bytes) -> bytes:
    record = b"\1" + sps[1:4].ljust(3, b"\0") + b"\xff\xe1" + len(sps).to_bytes(2, "big") + sps
    return record + b"\1" + len(pps).to_bytes(2, "big") + pps


@given(st.integers(1, len(extradata(BASELINE_SPS, PPS)) - 1))
def test_a_record_that_is_cut_off_is_refused(kept: int) -> None:
    with pytest.raises(SourceFormatError, match="cut off"):
        ParameterSets.from_extradata(extradata(BASELINE_SPS, PPS)[:kept])


@given(st.binary(max_size=80), st.sampled_from([b"", b"\1", b"\0\0\1\x67", b"\0\0\1\x68"]))
def test_any_extradata_is_read_or_refused_by_name(data: bytes, head: bytes) -> None:
    with suppress(SourceFormatError):
        sets = ParameterSets.from_extradata(head + data)
        assert (nal_type(sets.sps), nal_type(sets.pps)) == (SPS, PPS_TYPE)
        assert len(sets.codec) == len("avc1.42c01e")


@given(st.binary(max_size=80), st.integers(0, 4))
def test_any_access_unit_is_split_and_carried(unit: bytes, length_size: int) -> None:
    sets = ParameterSets(BASELINE_SPS, PPS, length_size)
    nals = sets.split(unit)
    assert all(nals)
    assert list(split_length_prefixed(to_sample(nals), 4)) == [
        nal for nal in nals if nal_type(nal) not in (SEI, SPS, PPS_TYPE, AUD)
    ]
    newer = sets.updated(nals)
    assert (nal_type(newer.sps), nal_type(newer.pps)) == (SPS, PPS_TYPE)
    assert newer.length_size == length_size


def test_newer_sets_take_the_place_of_older_ones_and_damaged_ones_do_not() -> None:
    sets = ParameterSets(BASELINE_SPS, PPS)
    newer_sps, newer_pps = b"\x67\x42\xc0\x1f\xda", b"\x68\xee"
    assert sets.updated([newer_sps, b"\x65abc", newer_pps]) == ParameterSets(newer_sps, newer_pps)
    assert sets.updated([b"\x67", b"\x67\x42", b"\x68", b"\x67" + bytes(2**16)]) == sets


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"rubbish",
        extradata(b"\x67", PPS),
        extradata(BASELINE_SPS, b"\x68"),
        extradata(BASELINE_SPS, b""),
        extradata(PPS, BASELINE_SPS[:1]),
        b"\0\0\1" + BASELINE_SPS,
        b"\0\0\1" + PPS,
        b"\0\0\1\x67" + b"\1" * 2**16 + b"\0\0\1" + PPS,
    ],
)
def test_extradata_without_both_sets_is_refused(data: bytes) -> None:
    with pytest.raises(SourceFormatError, match="no parameter sets"):
        ParameterSets.from_extradata(data)


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


@given(
    st.lists(
        st.tuples(st.integers(1, 60_000), st.booleans(), st.sampled_from([True] * 5 + [False])),
        max_size=60,
    )
)
def test_what_is_passed_through_is_intact_since_an_idr_that_came_soon(
    frames: list[tuple[int, bool, bool]],
) -> None:
    judge, pts, gop_pts = PassthroughJudge(""), 0, list[int]()
    for step, keyframe, intact in frames:
        pts += step
        judge.receive_frame(pts, keyframe=keyframe, intact=intact)
        if keyframe and intact:
            gop_pts = []
        gop_pts = [*gop_pts, pts] if intact and (gop_pts or keyframe) else []
        if judge.detail == "":
            assert gop_pts
            assert gop_pts[-1] - gop_pts[0] <= MAX_GOP_PTS
        elif gop_pts:
            assert judge.gop_duration is not None
            assert judge.gop_duration > MAX_GOP_PTS
