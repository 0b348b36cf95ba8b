"""H.264 NAL units: Annex B to length-prefixed samples, and the parameter sets.

Section numbers are those of ITU-T H.264 (08/2021) and ISO/IEC 14496-15.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from streamlab.errors import SourceFormatError

SLICE, IDR, SEI, SPS, PPS, AUD = 1, 5, 6, 7, 8, 9  # nal_unit_type, table 7-1
_START_CODE = re.compile(rb"\x00\x00\x01")


def nal_type(nal: bytes) -> int:
    """Return the nal_unit_type of a NAL unit."""
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
    """Yield the NAL units of an ISO/IEC 14496-15 sample."""
    at = 0
    while at + length_size <= len(data):
        size = int.from_bytes(data[at : at + length_size], "big")
        at += length_size
        if size:
            yield data[at : at + size]
        at += size


def to_sample(nals: Iterable[bytes]) -> bytes:
    """Return an ``avc1`` sample: slices only, each with a 4-byte length before it.

    Parameter sets live in the init segment; SEI and delimiters carry nothing a viewer needs.
    """
    return b"".join(
        len(nal).to_bytes(4, "big") + nal
        for nal in nals
        if nal_type(nal) not in (SEI, SPS, PPS, AUD)
    )


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The SPS and PPS that a decoder needs before the first slice.

    ``length_size`` is how many bytes of length stand before each NAL unit of an access unit in
    the stream they come from; 0 means start codes (Annex B).
    """

    sps: bytes
    pps: bytes
    length_size: int = 0

    @classmethod
    def from_extradata(cls, extradata: bytes) -> ParameterSets:
        """Read Annex B or ``avcC`` extradata. Raises SourceFormatError when a set is missing."""
        is_avcc = extradata[:1] == b"\x01"
        nals = list(_avcc_sets(extradata) if is_avcc else split_annex_b(extradata))
        sps = next((nal for nal in nals if nal_type(nal) == SPS), None)
        pps = next((nal for nal in nals if nal_type(nal) == PPS), None)
        if sps is None or pps is None:
            raise SourceFormatError("the H.264 stream carries no parameter sets (SPS, PPS)")
        return cls(sps, pps, 1 + (extradata[4] & 3) if is_avcc else 0)

    def updated(self, nals: Iterable[bytes]) -> ParameterSets:
        """Return the sets after an access unit that may carry newer ones."""
        newer = {nal_type(nal): nal for nal in nals if nal_type(nal) in (SPS, PPS)}
        sps, pps = newer.get(SPS, self.sps), newer.get(PPS, self.pps)
        return replace(self, sps=sps, pps=pps)

    def split(self, unit: bytes) -> list[bytes]:
        """Return the NAL units of an access unit of the stream that these sets come from."""
        if self.length_size:
            return list(split_length_prefixed(unit, self.length_size))
        return list(split_annex_b(unit))

    @property
    def codec(self) -> str:
        """The RFC 6381 codec string, such as ``avc1.42c01e``."""
        return f"avc1.{self.sps[1:4].hex()}"


def _avcc_sets(extradata: bytes) -> Iterator[bytes]:
    at = 5  # 5.3.3.1: version, profile, compatibility, level, length size
    for mask in (0x1F, 0xFF):
        count, at = extradata[at] & mask, at + 1
        for _ in range(count):
            size = int.from_bytes(extradata[at : at + 2], "big")
            yield extradata[at + 2 : at + 2 + size]
            at += 2 + size
