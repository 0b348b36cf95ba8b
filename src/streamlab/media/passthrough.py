"""Turns a source's packets into samples that can be sent unchanged, or reports why not."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from streamlab.core.h264.access_unit import LOST, AccessUnit, AccessUnitReader
from streamlab.core.h264.parameter_sets import ParameterSets
from streamlab.core.h264.passthrough import PassthroughJudge, objection
from streamlab.core.h264.sps import VideoSignal
from streamlab.errors import SourceFormatError
from streamlab.media.colour import Colour
from streamlab.media.source import Source, SourceFrame


class Passthrough(NamedTuple):
    """A frame's access unit as the camera encoded it, ready to be sent unchanged."""

    sample: bytes
    keyframe: bool
    sets: ParameterSets
    """Those of its GOP. The SPS describes the colours that every other quality shows."""


class PassthroughReader:
    """Reads the packets of one open source, frame by frame."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._reader: AccessUnitReader | None = None
        self._own: ParameterSets | None = None  # of the current GOP, as the camera sent them
        self._sets: ParameterSets | None = None  # the same, as they are sent to viewers
        self._signal: VideoSignal | None = None
        self.judge = PassthroughJudge("")
        self._open(source.extradata)

    def receive_frame(self, item: SourceFrame, pts: int) -> Passthrough | None:
        """Receive the next frame; return what can be sent of it unchanged, or None."""
        if self._reader is None:
            return None
        unit = self._read(self._reader, item)
        if unit is not None and unit.idr and unit.sets is not None:
            self._begin_gop(unit.sets, VideoSignal(*Colour.of(item.frame)))
        why_not = item.objection or (LOST if unit is None else unit.objection)
        is_idr = unit is not None and unit.idr
        self.judge.receive_frame(pts, keyframe=is_idr, intact=not why_not, why_not=why_not)
        if self.judge.detail or unit is None or self._sets is None:
            return None
        return Passthrough(unit.sample, unit.idr, self._sets)

    def _open(self, extradata: bytes | None) -> None:
        if extradata is None:
            codec = self._source.info.codec
            self.judge.objection = f"the camera's own picture is {codec}, not H.264"
            return
        try:
            self._reader = AccessUnitReader(extradata)
        except SourceFormatError as error:
            self.judge.objection = str(error)

    def _read(self, reader: AccessUnitReader, item: SourceFrame) -> AccessUnit | None:
        if item.extradata is not None:
            with suppress(SourceFormatError):  # the decoder keeps the former ones, too
                reader.receive_extradata(item.extradata)
        return None if item.packet is None else reader.receive_unit(item.packet)

    def _begin_gop(self, own: ParameterSets, signal: VideoSignal) -> None:
        """Judge the parameter sets of a GOP, unless they equal those of the previous GOP."""
        if (own, signal) == (self._own, self._signal) and not self._source.reorders:
            return
        self._own, self._signal = own, signal
        try:
            self._sets = own.describing(signal)
            why_not = objection(own)
        except SourceFormatError as error:
            why_not = str(error)
        if not why_not and self._source.reorders:
            why_not = "the camera's H.264 has B-frames"
        self.judge.objection = why_not
