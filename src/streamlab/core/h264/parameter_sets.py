"""H.264 parameter sets: those that a stream has sent, and those that a GOP needs.

A stream may use several SPS and PPS at once, and replace any of them with another of the same id.
From one IDR to the next a single SPS is active (7.4.1.2.1), with any of the PPS that refer to it;
an init segment holds exactly these. Section numbers are those of ITU-T H.264 (08/2021) and
ISO/IEC 14496-15.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from streamlab.core.h264.bits import BitReader
from streamlab.core.h264.nal import PPS, SPS, nal_type, split_annex_b
from streamlab.core.h264.sps import VideoSignal, describe_signal
from streamlab.errors import SourceFormatError

MAX_SPS_ID, MAX_PPS_ID = 31, 255  # 7.4.2.1.1, 7.4.2.2
MAX_PPS = 255  # an avcC record has 8 bits for their number (14496-15, 5.3.3.1.2)
MAX_SET_BYTES = 0xFFFF  # and 16 for the length of each
MAX_BYTES = 1 << 17
"""Total size of the sets kept for a stream."""
_CUT_OFF = "the H.264 parameter sets (avcC) are cut off"


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """What a decoder needs before the first slice of a GOP: an SPS and the PPS that refer to it."""

    sps: bytes
    pps: tuple[bytes, ...]

    @classmethod
    def from_extradata(cls, extradata: bytes) -> ParameterSets:
        """Return the sets of a stream with one SPS, such as an encoder's.

        Raises SourceFormatError if a set is missing, too short, too long or truncated.
        """
        sets = StreamSets()
        sets.receive_extradata(extradata)
        only = next(iter(sets.by_sps()), None)
        if only is None:
            raise SourceFormatError("the H.264 stream carries no parameter sets (SPS, PPS)")
        return only

    @property
    def codec(self) -> str:
        """The RFC 6381 codec string, such as ``avc1.42c01e``."""
        return f"avc1.{self.sps[1:4].hex()}"

    def describing(self, signal: VideoSignal) -> ParameterSets:
        """Return the sets with an SPS that describes this video signal.

        Raises SourceFormatError if the SPS cannot be parsed.
        """
        sps = describe_signal(self.sps, signal)
        return self if sps == self.sps else replace(self, sps=sps)


class _Pps(NamedTuple):
    sps_id: int
    nal: bytes


class StreamSets:
    """Keeps the newest parameter set of each id that a stream has sent, up to ``MAX_BYTES``."""

    def __init__(self) -> None:
        self._sps: dict[int, bytes] = {}
        self._pps: dict[int, _Pps] = {}

    def receive_extradata(self, extradata: bytes) -> None:
        """Record the sets of Annex B or ``avcC`` extradata.

        Raises SourceFormatError if an ``avcC`` record is truncated.
        """
        is_avcc = extradata[:1] == b"\x01"
        for nal in list(_avcc_sets(extradata)) if is_avcc else split_annex_b(extradata):
            self.receive_nal(nal)

    def receive_nal(self, nal: bytes) -> None:
        """Record a NAL unit if it is a parameter set.

        A damaged set is ignored. One too long to be kept still removes the set that it replaces.
        """
        kind = nal_type(nal)
        try:
            if kind == SPS:
                self._receive_sps(nal)
            elif kind == PPS:
                self._receive_pps(nal)
        except SourceFormatError:
            pass

    def of_slice(self, pps_id: int) -> ParameterSets | None:
        """Return the sets for the GOP of a slice with this PPS, or None if any is missing."""
        pps = self._pps.get(pps_id)
        return None if pps is None else self._of_sps(pps.sps_id)

    def needs(self, pps_id: int) -> tuple[bytes, bytes] | None:
        """Return the SPS and PPS of a slice with this PPS, or None if either is missing."""
        pps = self._pps.get(pps_id)
        sps = None if pps is None else self._sps.get(pps.sps_id)
        return None if pps is None or sps is None else (sps, pps.nal)

    def by_sps(self) -> Iterator[ParameterSets]:
        """Yield the sets of each SPS that at least one PPS refers to."""
        for sps_id in sorted(self._sps):
            sets = self._of_sps(sps_id)
            if sets is not None:
                yield sets

    def _of_sps(self, sps_id: int) -> ParameterSets | None:
        pps = tuple(p.nal for _, p in sorted(self._pps.items()) if p.sps_id == sps_id)[:MAX_PPS]
        sps = self._sps.get(sps_id)
        return ParameterSets(sps, pps) if sps is not None and pps else None

    def _receive_sps(self, nal: bytes) -> None:
        bits = BitReader(nal[:MAX_SET_BYTES])
        bits.u(24)  # profile, constraints, level
        sps_id = bits.ue_up_to(MAX_SPS_ID)
        if self._sps.get(sps_id) == nal:
            return
        # A decoder drops the PPS along with their SPS, since their syntax depends on it.
        self._pps = {key: pps for key, pps in self._pps.items() if pps.sps_id != sps_id}
        self._sps.pop(sps_id, None)
        if self._has_room(nal):
            self._sps[sps_id] = nal

    def _receive_pps(self, nal: bytes) -> None:
        bits = BitReader(nal[:MAX_SET_BYTES])
        pps_id, sps_id = bits.ue_up_to(MAX_PPS_ID), bits.ue_up_to(MAX_SPS_ID)
        self._pps.pop(pps_id, None)
        if self._has_room(nal):
            self._pps[pps_id] = _Pps(sps_id, nal)

    def _has_room(self, nal: bytes) -> bool:
        kept = sum(map(len, self._sps.values())) + sum(len(pps.nal) for pps in self._pps.values())
        return len(nal) <= MAX_SET_BYTES and kept + len(nal) <= MAX_BYTES


def nal_length_size(extradata: bytes) -> int:
    """Return the size of the length before each NAL unit, bytes; 0: start codes (Annex B)."""
    return 1 + (extradata[4] & 3) if extradata[:1] == b"\x01" and len(extradata) > 4 else 0


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
