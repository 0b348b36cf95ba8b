"""H.264 in pieces: several parameter sets in one stream, whose pictures are numbered through."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av

from streamlab.core.h264.bits import BitReader, nal_of

from .videos import NO_B_FRAMES, Recipe, encode, set_up

FPS = 100
"""High, so that a recording that is played by its own time is soon over."""
START = b"\0\0\0\1"


@dataclass(frozen=True)
class Piece:
    """Some pictures of one encoder."""

    frames: int = 12
    width: int = 320
    height: int = 180
    sps_id: int = 0
    """Of the SPS and the PPS."""
    gop: int = 6
    x264: str = ""
    options: dict[str, str] = field(default_factory=dict)

    def recipe(self, first: int = 0) -> Recipe:
        x264 = ":".join(filter(None, (f"sps-id={self.sps_id}", self.x264)))
        options = NO_B_FRAMES | {"x264-params": x264} | self.options
        return Recipe(
            self.width,
            self.height,
            Fraction(FPS),
            self.frames,
            gop=self.gop,
            first=first,
            options=options,
        )


Unit = tuple[bytes, bool]
"""An access unit in Annex B, and whether it is an IDR."""


def access_units(*pieces: Piece) -> list[Unit]:
    """Return the access units of the pieces one after the other, each IDR with its sets."""
    return list(_encode(pieces))


def _encode(pieces: tuple[Piece, ...]) -> Iterator[Unit]:
    first = 0
    for piece in pieces:
        recipe = piece.recipe(first)
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, av.VideoCodecContext)
        set_up(context, recipe)
        context.framerate, context.time_base = recipe.rate, 1 / recipe.rate
        for packet in encode(context, recipe):
            yield bytes(packet), bool(packet.is_keyframe)
        first += piece.frames


def nals(unit: bytes) -> list[bytes]:
    """Split an access unit in Annex B; the payloads have no start codes in them."""
    return [nal.rstrip(b"\0") for nal in unit.split(b"\0\0\1") if nal.rstrip(b"\0")]


def annex_b(*units: bytes) -> bytes:
    return b"".join(START + nal for nal in units)


def without_sets(unit: bytes) -> bytes:
    return annex_b(*(nal for nal in nals(unit) if nal[0] & 31 not in (7, 8)))


def sets_of(unit: bytes) -> list[bytes]:
    return [nal for nal in nals(unit) if nal[0] & 31 in (7, 8)]


def write_raw(path: Path, units: list[Unit]) -> Path:
    """Annex B without a container; suffix `.h264`."""
    path.write_bytes(b"".join(unit for unit, _ in units))
    return path


def write(
    path: Path, units: list[Unit], like: Piece | None = None, *, matrix: int | None = None
) -> Path:
    """Mux access units as they are; the container is told of the first piece's sets alone.

    `matrix`: what the container says of the colours (H.273, 8.3).
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, av.VideoStream)
        set_up(stream.codec_context, (like or Piece()).recipe())
        if matrix is not None:
            context = stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = matrix
        for number, (unit, is_idr) in enumerate(units):
            packet = av.Packet(unit)
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, is_idr
            container.mux(packet)
    return path


def write_without_extradata(path: Path, units: list[Unit]) -> Path:
    """MP4 whose `avcC` holds no set: all are in band."""
    data = bytearray(write(path, units).read_bytes())
    record = data.index(b"avcC") + 4
    data[record + 5 : record + 7] = b"\xe0\0"
    path.write_bytes(data)
    return path


def write_flv(path: Path, *pieces: Piece) -> Path:
    """FLV as RTMP carries it: each piece has a sequence header (`avcC`), and none is in band."""
    data, start_ms, first = b"", 0, 0
    for piece in pieces:
        part = path.with_suffix(".part.flv")
        units = [(without_sets(unit), key) for unit, key in access_units_from(piece, first)]
        whole = write(part, units, piece).read_bytes()
        part.unlink()
        header, tags = whole[:13], whole[13:]
        data = data or header
        data += b"".join(_shifted(tags, start_ms))
        first += piece.frames
        start_ms += piece.frames * 1000 // FPS
    path.write_bytes(data)
    return path


def access_units_from(piece: Piece, first: int) -> list[Unit]:
    """Return the access units of one piece whose pictures are numbered from `first`."""
    return access_units(Piece(frames=first), piece)[first:] if first else access_units(piece)


def _shifted(tags: bytes, by_ms: int) -> Iterator[bytes]:
    """Yield the video tags of an FLV file, later by so many ms, without their end mark."""
    while tags:
        size = int.from_bytes(tags[1:4])
        tag, tags = tags[: 11 + size + 4], tags[11 + size + 4 :]
        is_end = tag[0] == 9 and tag[12] == 2
        if tag[0] == 9 and not is_end:
            at_ms = int.from_bytes(tag[7:8] + tag[4:7]) + by_ms
            stamp = struct.pack(">I", at_ms)
            yield tag[:4] + stamp[1:] + stamp[:1] + tag[8:]


def refer_to(unit: bytes, pps_id: int) -> bytes:
    """Make the slices refer to this PPS instead of PPS 0. Not for CABAC, which is aligned."""
    return annex_b(
        *(_replace_code(nal, 2, pps_id) if nal[0] & 31 in (1, 5) else nal for nal in nals(unit))
    )


def pps_copy(pps: bytes, pps_id: int) -> bytes:
    """Return a PPS with another id."""
    return _replace_code(pps, 0, pps_id)


def _replace_code(nal: bytes, before: int, value: int) -> bytes:
    """Replace the Exp-Golomb code that comes after so many others."""
    bits = BitReader(nal)
    for _ in range(before):
        bits.ue()
    start = bits.position
    bits.ue()
    text = bits.as_text()
    code = format(value + 1, "b")
    return nal_of(nal[0], text[:start] + "0" * (len(code) - 1) + code + text[bits.position :])
