"""What streamlab does with a source so that every viewer sees it correctly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streamlab.media.probe.picture_report import PictureReport
from streamlab.media.probe.rate_report import RateReport, fps_text
from streamlab.media.probe.streams import Kind, StreamsReport
from streamlab.media.snapshot_source import DEFAULT_FPS
from streamlab.media.spec import SourceSpec

SHOWN_FORMATS = ("yuv420p", "yuvj420p")


@dataclass(frozen=True, slots=True)
class Action:
    """One step: ``action`` is a keyword for programs, ``detail`` a sentence for people."""

    action: str
    detail: str


def actions_for(
    spec: SourceSpec,
    streams: StreamsReport,
    picture: PictureReport,
    rate: RateReport,
    *,
    interlaced: bool,
    objection: str,
) -> Iterator[Action]:
    """Yield the steps in the order in which they are applied."""
    yield _timing(spec, streams, rate)
    if streams.sound:
        yield Action("ignore_sound", "Leaves the sound out.")
    if interlaced:
        yield Action("deinterlace", "Deinterlaces it (yadif), at the same rate.")
    yield from _geometry(picture)
    if picture.pixel_format not in SHOWN_FORMATS:
        made = f"Converts {picture.pixel_format} to 8-bit 4:2:0"
        kept = "" if picture.colour_matrix == "rgb" else ", with its colours kept"
        yield Action("convert", f"{made}{kept}.")
    if objection:
        yield Action("transcode", "Encodes it anew in every quality, `source` included.")
    else:
        kept = "Passes its H.264 on as it is in quality `source`, and encodes the others."
        yield Action("pass_through", kept)


def _timing(spec: SourceSpec, streams: StreamsReport, rate: RateReport) -> Action:
    match streams.kind:
        case Kind.SNAPSHOT:
            asked = fps_text(float(spec.snapshot_fps or DEFAULT_FPS))
            return Action("ask", f"Asks {asked} times a second; `?fps=` sets how often.")
        case Kind.HLS:
            return Action("hold", "Plays fetched segments evenly, by their time stamps.")
        case Kind.SYNTHETIC:
            return Action("draw", f"Draws it at {fps_text(rate.fps_claimed or 0)} fps.")
        case Kind.FILE:
            timed = "by its own time stamps" if rate.fps_stamped else "at the rate it claims"
            loop = "in a loop (`#once` plays it once)" if spec.loop else "once"
            return Action("play", f"Plays it {timed}, {loop}.")
        case Kind.PLUGIN if rate.fps_measured_by != "arrival":
            return Action("play", "Plays it by its own time stamps.")
        case Kind.LIVE | Kind.WEBCAM | Kind.PLUGIN:
            return _live_timing(rate)


def _live_timing(rate: RateReport) -> Action:
    if rate.fps_stamped is None:
        return Action("time_by_arrival", "Times pictures by their arrival: they have no stamps.")
    if rate.stamps_are_wrong:
        why = f"stamps say {rate.fps_stamped:.1f} fps"
        return Action("time_by_arrival", f"Times pictures by their arrival: {why}.")
    return Action("time_by_stamps", "Times pictures by their stamps, held to this machine's clock.")


def _geometry(picture: PictureReport) -> Iterator[Action]:
    size = f"{picture.display_width}x{picture.display_height} px"
    if picture.mirrored:
        yield Action("mirror", "Mirrors it left to right, as its display matrix asks.")
    if picture.rotation_deg:
        yield Action("turn", f"Turns it by {picture.turn}, which makes it {size}.")
    if not picture.is_square:
        shape = picture.sample_aspect_ratio
        yield Action("scale", f"Scales it to {size}: its pixels are not square ({shape}).")
    elif picture.width % 2 or picture.height % 2:
        yield Action("crop", f"Cuts it to {size}: 4:2:0 needs even sides.")
