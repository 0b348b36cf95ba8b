"""What a source is: read for a moment, and described."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

from streamlab.clock import monotonic_ns
from streamlab.core.timebase import NS_PER_S, TIMESCALE
from streamlab.media.container import ContainerSource
from streamlab.media.passthrough import PassthroughReader
from streamlab.media.source import Source, open_source
from streamlab.media.spec import SourceSpec

MAX_SPAN_PTS = 6 * TIMESCALE
MAX_SPAN_NS = 10 * NS_PER_S


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """A source, described. ``gop_s`` is None when no second keyframe was seen."""

    source: str
    codec: str
    width: int
    height: int
    fps: Fraction
    b_frames: bool
    gop_s: float | None
    details: dict[str, str]
    source_quality_detail: str
    """Why ``source`` quality would be transcoded, or ''."""


def probe(spec: SourceSpec) -> ProbeReport:
    """Read a source for up to six seconds of video. Raises SourceError."""
    with closing(open_source(spec)) as source:
        own = PassthroughReader(source)
        gop_pts = _watch(source, own)
        return ProbeReport(
            source=spec.display,
            codec=source.info.codec,
            width=source.info.width,
            height=source.info.height,
            fps=source.info.fps,
            b_frames=source.reorders,
            gop_s=None if gop_pts is None else gop_pts / TIMESCALE,
            details=source.details() if isinstance(source, ContainerSource) else {},
            source_quality_detail=own.judge.detail,
        )


def _watch(source: Source, own: PassthroughReader) -> int | None:
    """Return the span between the first two keyframes, ticks."""
    if source.info.fps * MAX_SPAN_PTS < TIMESCALE:
        return None  # the second picture comes later than that
    first_stamp: int | None = None
    keyframe_stamp: int | None = None
    started_ns = monotonic_ns()
    for item in source.frames():
        stamp = item.stamp or 0
        first_stamp = stamp if first_stamp is None else first_stamp
        own.receive_frame(item, stamp)
        if item.keyframe:
            if keyframe_stamp is not None and stamp > keyframe_stamp:
                return stamp - keyframe_stamp
            keyframe_stamp = stamp
        over = stamp - first_stamp > MAX_SPAN_PTS or monotonic_ns() - started_ns > MAX_SPAN_NS
        if over or item.restart:
            return None
    return None
