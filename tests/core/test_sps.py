"""Sequence parameter sets, as an encoder or a camera may write them, and as none should."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamlab.core.h264.bits import BitReader
from streamlab.core.h264.parameter_sets import ParameterSets
from streamlab.core.h264.passthrough import objection
from streamlab.core.h264.sps import SpsInfo, VideoSignal, describe_signal, parse_sps
from streamlab.core.mp4.box import avcc
from streamlab.errors import SourceFormatError
from tests.core.sps_writer import BASELINE, HIGH, BitWriter, SpsFields, Vui

PPS = (b"\x68\xce\x3c\x80",)
COUNTS = st.none() | st.integers(1, 32)
VUIS = st.builds(
    Vui,
    sar=st.none() | st.sampled_from([1, 255]),
    overscan=st.booleans(),
    signal=st.booleans(),
    colours=st.booleans(),
    chroma_location=st.booleans(),
    timing=st.booleans(),
    hrd_counts=st.tuples(COUNTS, COUNTS),
    reorder_frames=st.none() | st.integers(0, 16),
)
CODE_POINTS = st.integers(0, 255)
SIGNALS = st.builds(VideoSignal, st.booleans(), CODE_POINTS, CODE_POINTS, CODE_POINTS)
HIGH_SETS = st.builds(
    SpsFields,
    chroma_format_idc=st.integers(0, 3),
    bit_depth=st.integers(8, 14),
    chroma_bit_depth=st.integers(8, 14),
    scaling_lists=st.lists(st.sampled_from([-8, 0, 8]), max_size=8).map(tuple),
    pic_order_cnt_type=st.integers(0, 2),
    poc_cycle=st.lists(st.integers(-9, 9), max_size=255).map(tuple),
    frame_mbs_only=st.booleans(),
    cropping=st.sampled_from([(), (0, 0, 0, 4)]),
    vui=st.none() | VUIS,
)
ANY_SETS = HIGH_SETS | HIGH_SETS.map(
    lambda fields: replace(
        fields, profile_idc=BASELINE, chroma_format_idc=1, bit_depth=8, chroma_bit_depth=8
    )
)
PLAIN = SpsFields(vui=Vui(reorder_frames=0))


@given(ANY_SETS)
def test_what_was_written_is_read(fields: SpsFields) -> None:
    assert parse_sps(fields.write()) == SpsInfo(
        profile_idc=fields.profile_idc,
        chroma_format_idc=fields.chroma_format_idc,
        bit_depth=fields.bit_depth,
        chroma_bit_depth=fields.chroma_bit_depth,
        frame_mbs_only=fields.frame_mbs_only,
        pic_order_cnt_type=fields.pic_order_cnt_type,
        max_num_reorder_frames=fields.vui.reorder_frames if fields.vui else None,
        signal=fields.vui.video_signal if fields.vui else None,
        has_vui=fields.vui is not None,
    )


@given(ANY_SETS, SIGNALS)
def test_a_described_sps_says_all_that_it_said_and_the_signal(
    fields: SpsFields, signal: VideoSignal
) -> None:
    sps = fields.write()
    described = describe_signal(sps, signal)
    before, after = parse_sps(sps), parse_sps(described)
    assert after == replace(before, signal=signal, has_vui=True)
    assert describe_signal(described, signal) is described
    assert (described == sps) == (before.signal == signal)
    assert b"\0\0\0" not in described
    assert b"\0\0\1" not in described
    assert BitReader(described).as_text().endswith(BitReader(sps).as_text()[-1:])


@given(ANY_SETS, st.integers(0, 200))
def test_an_sps_that_is_cut_off_is_refused_unless_all_fields_are_there(
    fields: SpsFields, kept: int
) -> None:
    with suppress(SourceFormatError):
        assert parse_sps(fields.write()[:kept]) == parse_sps(fields.write())


@given(st.binary(max_size=300))
@example(b"")
@example(b"\x67")
def test_bytes_that_are_no_sps_are_refused_by_name(sps: bytes) -> None:
    signal = VideoSignal(False, 1, 1, 1)
    for read in (
        parse_sps,
        lambda nal: objection(ParameterSets(nal, PPS)),
        lambda nal: describe_signal(nal, signal),
    ):
        with suppress(SourceFormatError):
            read(sps)


@given(st.binary(max_size=60))
def test_a_configuration_record_of_any_sps_is_made_or_refused_by_name(tail: bytes) -> None:
    sets = ParameterSets(bytes((0x67, HIGH, 0, 31)) + tail, PPS)
    with suppress(SourceFormatError):
        record = avcc(sets)
        assert record.endswith(b"\0")
        with suppress(SourceFormatError):  # its id may be one that no SPS can have
            assert ParameterSets.from_extradata(record).sps == sets.sps


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (PLAIN, ""),
        (replace(PLAIN, profile_idc=BASELINE), ""),
        (replace(PLAIN, vui=None), ""),  # picture order type 2 knows no reordering
        (replace(PLAIN, pic_order_cnt_type=0), ""),
        (replace(PLAIN, chroma_format_idc=2), "not 8-bit 4:2:0"),
        (replace(PLAIN, bit_depth=10), "not 8-bit 4:2:0"),
        (replace(PLAIN, chroma_bit_depth=10), "not 8-bit 4:2:0"),
        (replace(PLAIN, frame_mbs_only=False), "interlaced"),
        (replace(PLAIN, pic_order_cnt_type=0, vui=None), "does not say that it has no B-frames"),
        (replace(PLAIN, pic_order_cnt_type=0, vui=Vui()), "does not say that it has no B-frames"),
        (replace(PLAIN, vui=Vui(reorder_frames=2)), "has B-frames"),
    ],
)
def test_only_what_can_be_shown_at_once_is_passed_through(fields: SpsFields, reason: str) -> None:
    found = objection(ParameterSets(fields.write(), PPS))
    assert reason in found
    assert bool(reason) == bool(found)


@pytest.mark.parametrize(
    "fields",
    [
        replace(PLAIN, chroma_format_idc=4),
        replace(PLAIN, bit_depth=15),
        replace(PLAIN, chroma_bit_depth=300),
        replace(PLAIN, pic_order_cnt_type=3),
        replace(PLAIN, pic_order_cnt_type=1, poc_cycle=(0,) * 256),
        replace(PLAIN, vui=Vui(hrd_counts=(33, None))),
    ],
)
def test_a_value_that_h264_does_not_know_is_refused(fields: SpsFields) -> None:
    with pytest.raises(SourceFormatError, match="allowed is"):
        parse_sps(fields.write())


def test_a_code_of_more_than_32_zeros_is_refused() -> None:
    bits = BitWriter()
    bits.u(24, 0x42001F)
    bits.u(34, 1)
    with pytest.raises(SourceFormatError, match="65 bits"):
        parse_sps(b"\x67" + bits.rbsp() + b"\xff" * 60)


def test_a_high_profiles_record_says_its_depths() -> None:
    fields = replace(PLAIN, chroma_format_idc=2, bit_depth=10, chroma_bit_depth=9)
    assert avcc(ParameterSets(fields.write(), PPS))[-4:] == bytes((0xFE, 0xFA, 0xF9, 0))
