"""Formats a ``ProbeReport`` as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from streamlab.media.probe import ProbeReport
    from streamlab.media.probe.streams import StreamReport, StreamsReport

_KINDS = {
    "file": "recording",
    "live": "live stream",
    "hls": "live playlist (HLS or DASH)",
    "snapshot": "one picture each time it is asked",
    "webcam": "webcam",
    "synthetic": "synthetic camera",
    "plugin": "another kind, built in or of an installed package",
}
# FFmpeg's colour names -> the common ones.
_NAMES = {
    "smpte170m": "BT.601",
    "bt470bg": "BT.601 (625 lines)",
    "bt709": "BT.709",
    "bt2020": "BT.2020",
    "bt2020nc": "BT.2020",
    "smpte2084": "PQ",
    "arib-std-b67": "HLG",
    "iec61966-2-1": "sRGB",
    "rgb": "RGB",
}


def probe_tables(report: ProbeReport) -> Iterator[RenderableType]:
    """Yield a table of the source's properties, then a list of what streamlab does with it."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in _rows(report):
        table.add_row(name, escape(value))
    yield table
    yield "\nWhat streamlab does with it:"
    yield "\n".join(f"  - {escape(action.detail)}" for action in report.actions)


def _rows(report: ProbeReport) -> Iterator[tuple[str, str]]:
    streams = report.streams
    yield "source", report.source
    yield "kind", _KINDS[streams.kind]
    if streams.container:
        yield "container", streams.container
    if streams.kind == "file":
        yield "duration", _duration(report.duration_s)
    for place, stream in enumerate(streams.streams):
        yield "" if place else "streams", _stream(stream, streams)
    yield "picture", _picture(report)
    yield "shape", _shape(report)
    yield "colours", _colours(report)
    if streams.kind != "snapshot":
        yield "rate", _rate(report)
        yield "keyframes", _keyframes(report)
    yield "passthrough", _passthrough(report)
    if streams.streams:
        yield "sound", _sound(streams)
    for place, note in enumerate(report.notes):
        yield "" if place else "note", note


def _duration(duration_s: float | None) -> str:
    if duration_s is None:
        return "not known"
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    long = f" ({hours}:{minutes:02}:{seconds:02})" if duration_s >= 60 else ""
    return f"{duration_s:.1f} s{long}"


def _stream(stream: StreamReport, streams: StreamsReport) -> str:
    size = f"{stream.width}x{stream.height}" if stream.width else ""
    marks = [
        size,
        stream.language or "",
        f"'{stream.title}'" if stream.title else "",
        "cover picture" if stream.cover else "",
        "default" if stream.default else "",
    ]
    if stream.index == streams.chosen_stream:
        marks.append(f"shown: {streams.chosen_because}")
    described = ", ".join(mark for mark in marks if mark)
    return f"{stream.index}: {stream.kind} {stream.codec or 'unknown'}  {described}".rstrip()


def _picture(report: ProbeReport) -> str:
    picture = report.picture
    codec = " ".join(part for part in (report.streams.codec, report.streams.profile) if part)
    depth = f"{picture.bit_depth} bit"
    return f"{codec}, {picture.width}x{picture.height} px, {picture.pixel_format} ({depth})"


def _shape(report: ProbeReport) -> str:
    picture = report.picture
    parts = [
        "square pixels" if picture.is_square else f"pixels of {picture.sample_aspect_ratio}",
        "to be mirrored" if picture.mirrored else "",
        f"to be turned by {picture.turn}" if picture.turn else "",
        "upright" if not picture.mirrored and not picture.turn else "",
        _fields(report),
    ]
    shown = (picture.display_width, picture.display_height)
    if shown != (picture.width, picture.height):
        parts.append("shown as {}x{} px".format(*shown))
    return ", ".join(part for part in parts if part)


def _fields(report: ProbeReport) -> str:
    if not report.interlaced:
        return "progressive"
    order = report.picture.field_order
    return f"interlaced, {order}" if order else "interlaced"


def _colours(report: ProbeReport) -> str:
    picture, assumed = report.picture, report.picture.colour_assumed
    names = {
        "range": f"{picture.colour_range} range",
        "matrix": f"matrix {_name(picture.colour_matrix)}",
    }
    names["primaries"] = f"primaries {_name(picture.colour_primaries)}"
    names["transfer"] = f"transfer {_name(picture.colour_transfer)}"
    if len(assumed) == len(names):
        return ", ".join(names.values()) + "; all assumed: the source does not say"
    return ", ".join(
        value + (" (assumed)" if name in assumed else "") for name, value in names.items()
    )


def _name(name: str) -> str:
    return _NAMES.get(name, name)


def _rate(report: ProbeReport) -> str:
    rate = report.rate
    if not rate.variable_rate or rate.interval_min_ms is None or rate.interval_max_ms is None:
        return rate.rate_detail
    span = f"{rate.interval_min_ms:.0f} to {rate.interval_max_ms:.0f} ms"
    return f"{rate.rate_detail}; variable, {span} from picture to picture"


def _keyframes(report: ProbeReport) -> str:
    rate = report.rate
    b_frames = "B-frames" if rate.b_frames else "no B-frames"
    if report.streams.kind == "synthetic":
        return "none: its pictures are drawn, not decoded"
    if rate.gop_frames == 1 or rate.keyframes == rate.pictures_read:
        return "every picture"
    if rate.gop_frames is None:
        return f"only {rate.keyframes} in {rate.pictures_read} pictures, {b_frames}"
    seconds = "" if rate.gop_s is None else f" ({rate.gop_s:.2f} s)"
    return f"every {rate.gop_frames} pictures{seconds}, {b_frames}"


def _passthrough(report: ProbeReport) -> str:
    why_not = report.passthrough_detail.replace("the camera's own", "its")
    why_not = why_not.replace("the camera's", "its")
    return f"no: {why_not}" if why_not else "yes"


def _sound(streams: StreamsReport) -> str:
    tracks = [stream.codec or "unknown" for stream in streams.sound]
    count = "1 track" if len(tracks) == 1 else f"{len(tracks)} tracks"
    return f"{count} ({', '.join(tracks)}), not used" if tracks else "none"
