"""H.264 NAL units: splits access units and builds length-prefixed samples.

Section numbers are those of ITU-T H.264 (08/2021) and ISO/IEC 14496-15.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest

SLICE, IDR, SEI, SPS, PPS, AUD = 1, 5, 6, 7, 8, 9  # nal_unit_type, table 7-1
CODED_SLICES = range(SLICE, IDR + 1)  # data partitions included
_START_CODE = re.compile(rb"\x00\x00\x01")


def nal_type(nal: bytes) -> int:
    """Return the nal_unit_type of a NAL unit of at least one byte."""
    return nal[0] & 0x1F


def split_annex_b(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an Annex B byte stream (B.1), without start codes or padding."""
    starts = [match.end() for match in _START_CODE.finditer(data)]
    for start, following in zip_longest(starts, starts[1:]):
        end = len(data) if following is None else following - 3
        nal = data[start:end].rstrip(b"\x00")
        if nal:
            yield nal


def split_length_prefixed(data: bytes, length_size: int) -> Iterator[bytes]:
    """Yield the NAL units of an ISO/IEC 14496-15 sample; the last may be truncated."""
    at = 0
    while at + length_size <= len(data):
        size = int.from_bytes(data[at : at + length_size], "big")
        at += length_size
        if nal := data[at : at + size]:
            yield nal
        at += size


def to_sample(nals: Iterable[bytes]) -> bytes:
    """Return an ``avc1`` sample: slices only, each prefixed with its 4-byte length.

    Parameter sets are in the init segment; SEI, delimiters, filler data and the like carry nothing
    that a viewer needs.
    """
    return b"".join(
        len(nal).to_bytes(4, "big") + nal for nal in nals if nal_type(nal) in CODED_SLICES
    )
