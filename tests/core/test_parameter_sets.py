from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.h264.access_unit import LOST, NEW_SETS, NO_SETS, AccessUnitReader
from streamlab.core.h264.bits import BitReader
from streamlab.core.h264.nal import (
    PPS,
    SPS,
    nal_type,
    split_annex_b,
    split_length_prefixed,
    to_sample,
)
from streamlab.core.h264.parameter_sets import (
    MAX_BYTES,
    MAX_PPS,
    MAX_SET_BYTES,
    ParameterSets,
    StreamSets,
)
from streamlab.core.h264.passthrough import objection
from streamlab.core.h264.sps import VideoSignal, parse_sps
from streamlab.core.mp4.box import avcc
from streamlab.errors import SourceFormatError
from tests.core.sps_writer import BASELINE, BitWriter, SpsFields, Vui

# Made by x264: Baseline with a bitstream restriction.
X264_SPS = bytes.fromhex("6742c01eda0280bfe584000003000400000300f23c58ba80")
X264_PPS = bytes.fromhex("68ce3c80")
IDS = st.integers(0, 31)


def sps(sps_id: int, width_variant: int = 0) -> bytes:
    """An SPS of this id; variants differ in their content."""
    cropping = (0, 0, 0, width_variant) if width_variant else ()
    fields = SpsFields(BASELINE, sps_id, cropping=cropping, vui=Vui(reorder_frames=0))
    return fields.write()


def pps(pps_id: int, sps_id: int, variant: int = 0) -> bytes:
    bits = BitWriter()
    bits.ue(pps_id, sps_id)
    bits.u(2, 0)
    bits.ue(0, variant)
    return b"\x68" + bits.rbsp()


def coded_slice(pps_id: int, *, idr: bool = False, first_macroblock: int = 0) -> bytes:
    bits = BitWriter()
    bits.ue(first_macroblock, 7, pps_id)
    bits.u(16, 0xABCD)
    return (b"\x65" if idr else b"\x41") + bits.rbsp()


def annex_b(*nals: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def record(all_sps: Iterable[bytes], all_pps: Iterable[bytes], length_size: int = 4) -> bytes:
    """An avcC of any sets (14496-15, 5.3.3.1)."""
    all_sps, all_pps = list(all_sps), list(all_pps)
    data = b"\1\x42\xc0\x1e" + bytes((0xFC | (length_size - 1), 0xE0 | len(all_sps)))
    data += b"".join(len(nal).to_bytes(2) + nal for nal in all_sps)
    return data + bytes((len(all_pps),)) + b"".join(len(nal).to_bytes(2) + nal for nal in all_pps)


WHOLE = record([X264_SPS], [X264_PPS])


def test_extradata_of_either_framing_is_read() -> None:
    for extradata in (WHOLE, annex_b(X264_SPS, X264_PPS)):
        sets = ParameterSets.from_extradata(extradata)
        assert sets == ParameterSets(X264_SPS, (X264_PPS,))
        assert sets.codec == "avc1.42c01e"
        assert objection(sets) == ""
    assert avcc(ParameterSets.from_extradata(WHOLE)) == WHOLE.replace(b"\xfc\xe1", b"\xff\xe1")


@given(st.integers(1, len(WHOLE) - 1))
def test_a_record_that_is_cut_off_is_refused(kept: int) -> None:
    for read in (ParameterSets.from_extradata, AccessUnitReader):
        with pytest.raises(SourceFormatError, match="cut off"):
            read(WHOLE[:kept])


@given(st.binary(max_size=80), st.sampled_from([b"", b"\1", b"\0\0\1\x67", b"\0\0\1\x68"]))
def test_any_extradata_is_read_or_refused_by_name(data: bytes, head: bytes) -> None:
    with suppress(SourceFormatError):
        sets = ParameterSets.from_extradata(head + data)
        assert nal_type(sets.sps) == SPS
        assert {nal_type(nal) for nal in sets.pps} == {PPS}
        assert len(sets.codec) == len("avc1.42c01e")


@pytest.mark.parametrize(
    "extradata",
    [
        b"",
        b"rubbish",
        record([b"\x67"], [X264_PPS]),
        record([X264_SPS], [b"\x68"]),
        record([X264_SPS], [b""]),
        record([X264_SPS], []),
        record([X264_SPS], [pps(0, 4)]),
        record([X264_PPS], [X264_SPS[:1]]),
        annex_b(X264_SPS),
        annex_b(X264_PPS),
        annex_b(X264_SPS + b"\1" * 2**16, X264_PPS),
    ],
)
def test_extradata_without_both_sets_is_refused(extradata: bytes) -> None:
    with pytest.raises(SourceFormatError, match="no parameter sets"):
        ParameterSets.from_extradata(extradata)


STREAM_OF_SETS = st.lists(
    st.tuples(IDS, st.integers(0, 3)).map(lambda drawn: sps(*drawn))
    | st.tuples(st.integers(0, 255), IDS, st.integers(0, 3)).map(lambda drawn: pps(*drawn)),
    max_size=80,
)


@given(STREAM_OF_SETS)
def test_the_newest_set_of_each_id_is_kept(nals: list[bytes]) -> None:
    sets, kept_sps, kept_pps = StreamSets(), dict[int, bytes](), dict[int, tuple[int, bytes]]()
    for nal in nals:
        sets.receive_nal(nal)
        bits = BitReader(nal)
        if nal_type(nal) == SPS:
            bits.u(24)
            sps_id = bits.ue()
            if kept_sps.get(sps_id) != nal:
                kept_pps = {key: p for key, p in kept_pps.items() if p[0] != sps_id}
            kept_sps[sps_id] = nal
        else:
            pps_id = bits.ue()
            kept_pps[pps_id] = bits.ue(), nal
    for pps_id in range(256):
        sps_id, nal = kept_pps.get(pps_id, (-1, b""))
        complete = sps_id in kept_sps
        assert sets.needs(pps_id) == ((kept_sps[sps_id], nal) if complete else None)
        found = sets.of_slice(pps_id)
        assert (found is not None) == complete
        if found is not None:
            assert found.sps == kept_sps[sps_id]
            assert nal in found.pps
            assert {p for key, p in kept_pps.values() if key == sps_id} == set(found.pps)


def test_sets_are_bounded() -> None:
    sets = StreamSets()
    for number in range(8):
        sets.receive_nal(sps(number))
        sets.receive_nal(pps(number, number) + b"\x11" * (MAX_SET_BYTES - 200))
    complete = [each for each in map(sets.of_slice, range(8)) if each is not None]
    assert complete
    kept = sum(len(each.sps) + len(each.pps[0]) for each in complete)
    assert kept <= MAX_BYTES
    assert sets.needs(7) is None
    for number in range(256):
        sets.receive_nal(pps(number, 0))
    found = sets.of_slice(0)
    assert found is not None
    assert len(found.pps) == MAX_PPS


def test_damaged_sets_are_ignored_and_replace_none() -> None:
    sets = StreamSets()
    for nal in (
        X264_SPS,
        X264_PPS,
        b"\x67",
        b"\x67\x42",
        b"\x68",
        b"\x67\x42\0\x1e\0\0\0",
        b"\x6f",
    ):
        sets.receive_nal(nal)
    assert sets.of_slice(0) == ParameterSets(X264_SPS, (X264_PPS,))


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 2)), max_size=40))
def test_what_may_be_sent_refers_only_to_the_sets_of_its_gop(
    units: list[tuple[int, bool, int]],
) -> None:
    """Sets come and change at any picture; a decoder that has the GOP's sets knows each slice's."""
    reader, current = AccessUnitReader(b""), dict[int, tuple[bytes, bytes]]()
    for pps_id, idr, variant in units:
        nals: list[bytes] = []
        if variant:
            current[pps_id] = sps(pps_id, variant), pps(pps_id, pps_id, variant)
            nals += current[pps_id]
        unit = reader.receive_unit(annex_b(*nals, coded_slice(pps_id, idr=idr)))
        assert unit.idr == idr
        assert unit.sample == to_sample([coded_slice(pps_id, idr=idr)])
        if pps_id not in current:
            assert unit.objection == NO_SETS
        elif unit.sets is not None:
            own_sps, own_pps = current[pps_id]
            is_in = own_sps == unit.sets.sps and own_pps in unit.sets.pps
            assert unit.objection == ("" if is_in else NEW_SETS)
            assert is_in or not idr


def test_sets_that_are_repeated_are_the_same_sets() -> None:
    reader = AccessUnitReader(b"")
    head = (sps(2), pps(0, 2), pps(7, 2))
    first, second = (
        reader.receive_unit(annex_b(*head, coded_slice(7, idr=True))) for _ in range(2)
    )
    assert first.sets == second.sets == ParameterSets(head[0], head[1:])
    later = reader.receive_unit(annex_b(*head, coded_slice(0), coded_slice(7, first_macroblock=9)))
    assert (later.objection, later.sets) == ("", first.sets)


def test_extradata_in_mid_stream_takes_the_place_of_the_sets_before() -> None:
    reader = AccessUnitReader(record([sps(0)], [pps(0, 0)], 4))
    idr = coded_slice(0, idr=True)
    assert reader.receive_unit(to_sample([idr])).sets == ParameterSets(sps(0), (pps(0, 0),))
    reader.receive_extradata(record([sps(0, 1)], [pps(0, 0)], 2))
    unit = reader.receive_unit(len(idr).to_bytes(2) + idr)
    assert (unit.objection, unit.sets) == ("", ParameterSets(sps(0, 1), (pps(0, 0),)))


def test_pictures_without_sets_of_two_or_of_none_are_not_sent() -> None:
    reader = AccessUnitReader(b"")
    assert reader.receive_unit(annex_b(coded_slice(0, idr=True))).objection == NO_SETS
    head = (sps(0), pps(0, 0))
    assert reader.receive_unit(annex_b(*head, coded_slice(0, idr=True))).objection == ""
    assert reader.receive_unit(annex_b(coded_slice(0), coded_slice(0))).objection == LOST
    assert reader.receive_unit(annex_b(coded_slice(0, first_macroblock=4))).objection == LOST
    assert reader.receive_unit(b"").objection == LOST
    assert reader.receive_unit(annex_b(b"\x41")).objection == LOST
    # What came before an IDR is of no use to it.
    unit = reader.receive_unit(annex_b(coded_slice(0), coded_slice(0, idr=True)))
    assert (unit.objection, unit.sample) == ("", to_sample([coded_slice(0, idr=True)]))


@given(
    st.sampled_from([b"", WHOLE, record([X264_SPS], [X264_PPS], 2)]),
    st.lists(st.binary(max_size=60) | st.just(annex_b(X264_SPS, X264_PPS)), max_size=5),
)
def test_any_access_unit_is_read(extradata: bytes, units: list[bytes]) -> None:
    reader = AccessUnitReader(extradata)
    for data in units:
        unit = reader.receive_unit(data)
        nals = list(split_length_prefixed(unit.sample, 4))
        assert all(nal_type(nal) <= 5 for nal in nals)
        assert unit.objection or nals


def test_the_record_lists_every_pps_and_the_depths_of_a_high_profile() -> None:
    sets = ParameterSets(X264_SPS, tuple(pps(number, 0) for number in range(MAX_PPS)))
    assert avcc(sets) == record([sets.sps], sets.pps).replace(b"\xfc\xe1", b"\xff\xe1")
    predictive = replace(SpsFields(vui=Vui(reorder_frames=0)), bit_depth=10).write()
    assert avcc(ParameterSets(predictive, (X264_PPS,)))[-4:] == bytes((0xFD, 0xFA, 0xF8, 0))
    assert list(split_annex_b(annex_b(*sets.pps))) == list(sets.pps)


def test_sets_that_describe_a_signal_keep_all_else() -> None:
    sets, signal = ParameterSets(X264_SPS, (X264_PPS,)), VideoSignal(True, 1, 1, 1)
    described = sets.describing(signal)
    assert described == ParameterSets(described.sps, sets.pps)
    assert parse_sps(described.sps) == replace(parse_sps(X264_SPS), signal=signal, has_vui=True)
    assert described.describing(signal) is described
