"""The description of a source: everything that ``streamlab probe`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from streamlab.media.probe.actions import Action, actions_for
from streamlab.media.probe.picture_report import PictureReport
from streamlab.media.probe.rate_report import Claims, RateReport, Seen
from streamlab.media.probe.streams import Kind, StreamsReport
from streamlab.media.spec import SourceSpec

MIN_SILENCE_S = 1.0
MAX_SIZES = 4


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known of a source from its first frame on."""

    streams: StreamsReport
    picture: PictureReport
    claims: Claims
    by_arrival: bool
    """True if its rate is measured by the arrival of frames, not by their timestamps."""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The description of a source. docs/probe.md lists the keys of ``as_dict``."""

    source: str
    """The source without credentials, safe to show."""
    streams: StreamsReport
    picture: PictureReport
    rate: RateReport
    interlaced: bool
    passthrough_detail: str
    """Why ``source`` quality would be transcoded, or ''."""
    duration_s: float | None
    notes: tuple[str, ...]
    """Anything else unusual about it."""
    actions: tuple[Action, ...]
    """What streamlab does with it."""

    @classmethod
    def of(
        cls,
        spec: SourceSpec,
        opened: Opened,
        seen: Sequence[Seen],
        *,
        objection: str = "",
        is_complete: bool = False,
        failure: str = "",
    ) -> ProbeReport:
        """Describe a source by what was read of it.

        ``objection``: why it cannot be passed through. ``is_complete``: it was read to its end.
        ``failure``: why reading ended early.
        """
        rate = RateReport.of(seen, opened.claims, by_arrival=opened.by_arrival)
        streams, interlaced = opened.streams, any(each.interlaced for each in seen)
        read_s = len(seen) / rate.fps_stamped if is_complete and rate.fps_stamped else None
        return cls(
            source=spec.display,
            streams=streams,
            picture=opened.picture,
            rate=rate,
            interlaced=interlaced,
            passthrough_detail=objection,
            duration_s=read_s if streams.duration_s is None else streams.duration_s,
            notes=tuple(_notes(streams, seen, rate, read_s or streams.pictures_end_s, failure)),
            actions=tuple(
                actions_for(
                    spec, streams, opened.picture, rate, interlaced=interlaced, objection=objection
                )
            ),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values, on one level except for the lists of streams and actions."""
        parts = asdict(self)
        flat = parts.pop("streams") | parts.pop("picture") | parts.pop("rate")
        flat.pop("pictures_end_s")
        detail = parts.pop("passthrough_detail")
        verdict = {"passthrough": not detail, "passthrough_detail": detail or None}
        return {"source": parts.pop("source"), **flat, **verdict, **parts}


def _notes(
    streams: StreamsReport,
    seen: Sequence[Seen],
    rate: RateReport,
    end_s: float | None,
    failure: str,
) -> Iterator[str]:
    if end_s and streams.duration_s and streams.duration_s - end_s > MIN_SILENCE_S:
        yield f"its pictures end after {end_s:.1f} s of {streams.duration_s:.1f} s"
    if rate.repeated_stamps:
        repeated = f"{rate.repeated_stamps} of {rate.pictures_read} time stamps"
        yield f"{repeated} come twice or go back; those pictures are moved apart"
    sizes = dict.fromkeys(each.size_px for each in seen)
    if len(sizes) > 1:
        shown = " px, then ".join(f"{width}x{height}" for width, height in islice(sizes, MAX_SIZES))
        yield f"its picture changes its size: {shown} px"
    if failure and streams.kind is not Kind.SNAPSHOT:
        yield f"reading ended early: {failure}"
