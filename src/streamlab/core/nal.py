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
MAX_SET_BYTES = 0xFFFF  # an avcC record counts them with 16 bits (14496-15, 5.3.3.1.2)
_CUT_OFF = "the H.264 parameter sets (avcC) are cut off"
_START_CODE = re.compile(rb"\x00\x00\x01")


def nal_type(nal: bytes) -> int:
    """Return the nal_unit_type of a NAL unit, which has at least one byte."""
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
    """Yield the NAL units of an ISO/IEC 14496-15 sample; the last may have been cut short."""
    at = 0
    while at + length_size <= len(data):
        size = int.from_bytes(data[at : at + length_size], "big")
        at += length_size
        if nal := data[at : at + size]:
            yield nal
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
        """Read Annex B or ``avcC`` extradata.

        Raises SourceFormatError when a set is missing, too short, too long or cut off.
        """
        is_avcc = extradata[:1] == b"\x01"
        nals = list(_avcc_sets(extradata) if is_avcc else split_annex_b(extradata))
        sps = next((nal for nal in nals if _is_set(nal, SPS)), None)
        pps = next((nal for nal in nals if _is_set(nal, PPS)), None)
        if sps is None or pps is None:
            raise SourceFormatError("the H.264 stream carries no parameter sets (SPS, PPS)")
        return cls(sps, pps, 1 + (extradata[4] & 3) if is_avcc else 0)

    def updated(self, nals: Iterable[bytes]) -> ParameterSets:
        """Return the sets after an access unit that may carry newer ones."""
        sps, pps = self.sps, self.pps
        for nal in nals:
            if _is_set(nal, SPS):
                sps = nal
            elif _is_set(nal, PPS):
                pps = nal
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


def _is_set(nal: bytes, kind: int) -> bool:
    """Whether it is a parameter set of this kind that an init segment can hold."""
    shortest = 4 if kind == SPS else 2  # an SPS begins with profile, constraints and level
    return nal_type(nal) == kind and shortest <= len(nal) <= MAX_SET_BYTES


def _avcc_sets(extradata: bytes) -> Iterator[bytes]:
    at = 5  # 5.3.3.1: version, profile, compatibility, level, length size
    for mask in (0x1F, 0xFF):
        count, at = _byte(extradata, at) & mask, at + 1
        for _ in range(count):
            size = _byte(extradata, at) << 8 | _byte(extradata, at + 1)
            nal, at = extradata[at + 2 : at + 2 + size], at + 2 + size
            if at > len(extradata):
                raise SourceFormatError(_CUT_OFF)
            if nal:
                yield nal


def _byte(extradata: bytes, at: int) -> int:
    if at >= len(extradata):
        raise SourceFormatError(_CUT_OFF)
    return extradata[at]
