"""What a source is: read for a moment, and described."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

from streamlab.clock import monotonic_ns
from streamlab.core.nal import IDR, ParameterSets, nal_type
from streamlab.core.passthrough import PassthroughJudge, objection
from streamlab.core.timebase import NS_PER_S, TIMESCALE
from streamlab.errors import StreamlabError
from streamlab.media.container import ContainerSource
from streamlab.media.source import Described, Source, open_source
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


def judge_of(source: Source) -> tuple[ParameterSets | None, PassthroughJudge]:
    """Return a source's parameter sets, and the judge of whether it can be passed through."""
    if isinstance(source, ContainerSource) and source.extradata and source.objection:
        return None, PassthroughJudge(source.objection)
    if not source.extradata:
        return None, PassthroughJudge(f"the camera's own picture is {source.info.codec}, not H.264")
    try:
        sets = ParameterSets.from_extradata(source.extradata)
        why_not = "the camera's H.264 has B-frames" if source.reorders else objection(sets)
    except StreamlabError as error:
        return None, PassthroughJudge(str(error))
    return sets, PassthroughJudge(why_not)


def probe(spec: SourceSpec) -> ProbeReport:
    """Read a source for up to six seconds of video. Raises SourceError."""
    with closing(open_source(spec)) as source:
        sets, judge = judge_of(source)
        gop_pts = _watch(source, sets, judge)
        return ProbeReport(
            source=spec.display,
            codec=source.info.codec,
            width=source.info.width,
            height=source.info.height,
            fps=source.info.fps,
            b_frames=source.reorders,
            gop_s=None if gop_pts is None else gop_pts / TIMESCALE,
            details=source.details() if isinstance(source, Described) else {},
            source_quality_detail=judge.detail,
        )


def _watch(source: Source, sets: ParameterSets | None, judge: PassthroughJudge) -> int | None:
    """Return the span between the first two keyframes, ticks."""
    if source.info.fps * MAX_SPAN_PTS < TIMESCALE:
        return None  # the second picture comes later than that
    first_stamp: int | None = None
    keyframe_stamp: int | None = None
    started_ns = monotonic_ns()
    for item in source.frames():
        stamp = item.stamp or 0
        first_stamp = stamp if first_stamp is None else first_stamp
        if sets is not None:
            idr = item.packet is not None and IDR in map(nal_type, sets.split(item.packet))
            judge.receive_frame(stamp, keyframe=idr, intact=item.packet is not None)
        if item.keyframe:
            if keyframe_stamp is not None and stamp > keyframe_stamp:
                return stamp - keyframe_stamp
            keyframe_stamp = stamp
        over = stamp - first_stamp > MAX_SPAN_PTS or monotonic_ns() - started_ns > MAX_SPAN_NS
        if over or item.restart:
            return None
    return None
