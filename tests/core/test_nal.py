from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.h264.nal import (
    CODED_SLICES,
    nal_type,
    split_annex_b,
    split_length_prefixed,
    to_sample,
)
from streamlab.core.h264.passthrough import MAX_GOP_PTS, PassthroughJudge

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


def test_start_codes_with_nothing_between_hold_no_unit() -> None:
    assert list(split_annex_b(b"\0\0\1\0\0\1\0\0\0\0\1\x65\x80\0\0")) == [b"\x65\x80"]


def test_nothing_but_slices_goes_into_a_sample() -> None:
    nals = [b"\x09\x10", b"\x67abc", b"\x68abc", b"\x06abc", b"\x65abc", b"\x0c\xff\xff"]
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


@given(st.binary(max_size=200), st.integers(1, 4))
def test_any_bytes_are_split_and_carried(unit: bytes, length_size: int) -> None:
    for nals in (list(split_annex_b(unit)), list(split_length_prefixed(unit, length_size))):
        assert all(nals)
        slices = [nal for nal in nals if nal_type(nal) in CODED_SLICES]
        assert list(split_length_prefixed(to_sample(nals), 4)) == slices


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
