"""Access units of an H.264 stream: the sample to send and the parameter sets it needs.

Section numbers are those of ITU-T H.264 (08/2021).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streamlab.core.h264.bits import BitReader
from streamlab.core.h264.nal import (
    IDR,
    SLICE,
    nal_type,
    split_annex_b,
    split_length_prefixed,
    to_sample,
)
from streamlab.core.h264.parameter_sets import (
    MAX_PPS_ID,
    ParameterSets,
    StreamSets,
    nal_length_size,
)
from streamlab.errors import SourceFormatError

_SLICE_HEADER_BYTES = 24  # more than its first three codes can take (7.3.3)
_PARTITION_A = 2
NO_SETS = "the camera's parameter sets (SPS, PPS) have not arrived yet"
NEW_SETS = "the camera changed its parameter sets (SPS, PPS) between keyframes"
LOST = "a picture of the camera was lost"


class AccessUnit(NamedTuple):
    """One picture as an ``avc1`` sample; ``sets`` are the parameter sets of its GOP.

    ``objection`` is the reason why a decoder with only these sets could not decode it, or ''.
    """

    sample: bytes
    idr: bool
    sets: ParameterSets | None
    objection: str


class AccessUnitReader:
    """Reads the access units of one stream, in decoding order."""

    def __init__(self, extradata: bytes) -> None:
        """Create a reader.

        Args:
            extradata: Annex B or ``avcC``; empty if the parameter sets are sent in band only.

        Raises:
            SourceFormatError: the ``avcC`` record is truncated.
        """
        self._known = StreamSets()
        self._gop: ParameterSets | None = None
        self._length_size = 0
        self.receive_extradata(extradata)

    def receive_extradata(self, extradata: bytes) -> None:
        """Receive new extradata; its sets replace those with the same ids.

        Raises SourceFormatError if an ``avcC`` record is truncated.
        """
        self._known.receive_extradata(extradata)
        self._length_size = nal_length_size(extradata)

    def receive_unit(self, unit: bytes) -> AccessUnit:
        """Parse the next access unit, framed as the latest extradata says."""
        slices: list[bytes] = []
        pictures, idr, objection = 0, False, ""
        for nal in self._split(unit):
            kind = nal_type(nal)
            if kind not in (SLICE, _PARTITION_A, IDR):
                self._known.receive_nal(nal)
                slices.append(nal)
                continue
            first_macroblock, pps_id = _slice_header(nal)
            if kind == IDR and not idr:
                # An IDR depends on nothing that precedes it in the unit.
                slices, pictures, idr, objection = [], 0, True, ""
                self._gop = self._known.of_slice(pps_id)
            slices.append(nal)
            pictures += first_macroblock == 0
            objection = objection or self._objection(pps_id)
        return AccessUnit(to_sample(slices), idr, self._gop, objection if pictures == 1 else LOST)

    def _split(self, unit: bytes) -> Iterator[bytes]:
        if self._length_size:
            return split_length_prefixed(unit, self._length_size)
        return split_annex_b(unit)

    def _objection(self, pps_id: int) -> str:
        needed, gop = self._known.needs(pps_id), self._gop
        if needed is None:
            return NO_SETS
        sps, pps = needed
        has_changed = gop is not None and (sps != gop.sps or pps not in gop.pps)
        return NEW_SETS if has_changed else ""


def _slice_header(nal: bytes) -> tuple[int, int]:
    """Return first_mb_in_slice and pic_parameter_set_id (7.3.3), both -1 if damaged."""
    bits = BitReader(nal[:_SLICE_HEADER_BYTES])
    try:
        first_macroblock, _ = bits.ue(), bits.ue()
        return first_macroblock, bits.ue_up_to(MAX_PPS_ID)
    except SourceFormatError:
        return -1, -1
