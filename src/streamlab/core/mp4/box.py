"""A minimal ISO BMFF writer: init segments and movie fragments with one H.264 track.

It replaces a muxer, which emits a fragment only when the *next* packet arrives, one frame late.
Box layouts are those of ISO/IEC 14496-12 and 14496-15.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from streamlab.core.h264.parameter_sets import ParameterSets
from streamlab.core.h264.sps import parse_sps
from streamlab.core.time.timebase import TIMESCALE

TRACK_ID = 1
_MATRIX = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_SYNC_SAMPLE = 0x02000000  # sample_depends_on = 2: depends on no other
_NON_SYNC_SAMPLE = 0x01010000  # depends on others; sample_is_non_sync_sample
_PROFILES_WITHOUT_CHROMA = (66, 77, 88)  # 14496-15, 5.3.3.1.2


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame of a fragment: its length-prefixed slices and its duration, 1/90000 s."""

    data: bytes
    duration: int
    keyframe: bool


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return an ``mp4`` box with this four-character type."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """Return an ``mp4`` box with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def init_segment(parameter_sets: ParameterSets, width: int, height: int) -> bytes:
    """Return ``ftyp`` + ``moov`` for one H.264 track of this size (px), timescale 90000.

    Raises SourceFormatError if the SPS has a High profile and cannot be parsed.
    """
    ftyp = box(b"ftyp", b"iso6", struct.pack(">I", 0), b"iso6cmfcmp41avc1")
    mvhd = full_box(
        b"mvhd",
        0,
        0,
        struct.pack(">4I", 0, 0, TIMESCALE, 0),
        struct.pack(">IH10x", 0x10000, 0x100),
        _MATRIX,
        bytes(24),
        struct.pack(">I", TRACK_ID + 1),
    )
    trex = full_box(b"trex", 0, 0, struct.pack(">5I", TRACK_ID, 1, 0, 0, 0))
    return ftyp + box(b"moov", mvhd, _trak(parameter_sets, width, height), box(b"mvex", trex))


# moof (mfhd, traf (tfhd, tfdt, trun up to its rows)): every field has a fixed size.
_MOOF = struct.Struct(">I4s  I4sII  I4s  I4sII  I4sIQ  I4sIIi")
_ROW = struct.Struct(">3I")  # of a trun
_MDAT = struct.Struct(">I4s")


def media_segment(sequence: int, pts: int, samples: Sequence[Sample]) -> bytes:
    """Return one movie fragment, ``moof`` + ``mdat``, with ``pts`` as its ``tfdt``."""
    rows, size = [], _MDAT.size
    for sample in samples:
        flags = _SYNC_SAMPLE if sample.keyframe else _NON_SYNC_SAMPLE
        rows.append(_ROW.pack(sample.duration, len(sample.data), flags))
        size += len(sample.data)
    trun_size = 20 + _ROW.size * len(rows)
    moof_size = _MOOF.size + _ROW.size * len(rows)
    head = _MOOF.pack(
        *(moof_size, b"moof"),
        *(16, b"mfhd", 0, sequence & 0xFFFFFFFF),
        *(8 + 16 + 20 + trun_size, b"traf"),
        *(16, b"tfhd", 0x020000, TRACK_ID),  # default-base-is-moof
        *(20, b"tfdt", 1 << 24, pts),
        *(trun_size, b"trun", 0x000701, len(rows), moof_size + _MDAT.size),
    )
    data = (sample.data for sample in samples)
    return b"".join((head, *rows, _MDAT.pack(size, b"mdat"), *data))


def _trak(parameter_sets: ParameterSets, width: int, height: int) -> bytes:
    tkhd = full_box(
        b"tkhd",
        0,
        3,  # enabled, in movie
        struct.pack(">5I", 0, 0, TRACK_ID, 0, 0),
        bytes(16),
        _MATRIX,
        struct.pack(">2I", width << 16, height << 16),
    )
    mdhd = full_box(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, TIMESCALE, 0, 0x55C4, 0))
    hdlr = full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, b"vide"), b"streamlab\x00")
    dref = full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1))
    stbl = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), _avc1(parameter_sets, width, height)),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )
    minf = box(b"minf", full_box(b"vmhd", 0, 1, bytes(8)), box(b"dinf", dref), stbl)
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, minf))


def _avc1(parameter_sets: ParameterSets, width: int, height: int) -> bytes:
    head = struct.pack(">6xH16xHH", 1, width, height)
    tail = struct.pack(">IIIH32xHh", 0x480000, 0x480000, 0, 1, 0x18, -1)
    return box(b"avc1", head, tail, box(b"avcC", avcc(parameter_sets)))


def avcc(parameter_sets: ParameterSets) -> bytes:
    """Return the AVCDecoderConfigurationRecord (14496-15, 5.3.3.1) with 4-byte lengths.

    Raises SourceFormatError if the SPS has a High profile and cannot be parsed.
    """
    sps, all_pps = parameter_sets.sps, parameter_sets.pps
    record = b"\x01" + sps[1:4] + b"\xff\xe1" + struct.pack(">H", len(sps)) + sps
    record += bytes((len(all_pps),))
    record += b"".join(struct.pack(">H", len(pps)) + pps for pps in all_pps)
    if sps[1] not in _PROFILES_WITHOUT_CHROMA:
        info = parse_sps(sps)
        luma, chroma = info.bit_depth - 8, info.chroma_bit_depth - 8
        record += bytes((0xFC | info.chroma_format_idc, 0xF8 | luma, 0xF8 | chroma, 0))
    return record
