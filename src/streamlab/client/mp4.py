"""Reads the ISO BMFF that a client receives: decoder configuration, frames, time rebasing.

Box layouts follow ISO/IEC 14496-12 and 14496-15; one track, as the wire protocol specifies.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

from streamlab.protocol.parse import ProtocolError

_BASE_OFFSET, _DESCRIPTION, _DURATION, _SIZE = 0x01, 0x02, 0x08, 0x10  # tfhd: defaults
_DATA_OFFSET, _FIRST_FLAGS = 0x01, 0x04  # trun
_SAMPLE_DURATION, _SAMPLE_SIZE, _SAMPLE_FLAGS, _SAMPLE_COMPOSITION = 0x100, 0x200, 0x400, 0x800
_BOX_HEADER_BYTES = 8
_MAX_FRAMES = 10_000  # of a fragment
_VISUAL_SAMPLE_ENTRY_BYTES = 78  # before its child boxes

Span = tuple[int, int]


def avc_configuration(init: bytes) -> bytes:
    """Return the AVCDecoderConfigurationRecord of an init segment. Raises ProtocolError."""
    stsd, end = _inside(init, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    avc1, end = _find(init, b"avc1", (stsd + 8, end))
    start, end = _find(init, b"avcC", (avc1 + _VISUAL_SAMPLE_ENTRY_BYTES, end))
    return init[start:end]


def frames_data(fragment: bytes) -> list[bytes]:
    """Return the data of each frame of ``moof`` + ``mdat``: length-prefixed NAL units.

    Raises ProtocolError.
    """
    moof = _inside(fragment, b"moof")
    traf = _find(fragment, b"traf", moof)
    default_size = _default_size(fragment, _find(fragment, b"tfhd", traf))
    offset, sizes = _run(fragment, _find(fragment, b"trun", traf), default_size)
    at, found = moof[0] - _BOX_HEADER_BYTES + offset, []
    for size in sizes:
        found.append(fragment[at : at + size])
        at += size
    if at > len(fragment):
        raise ProtocolError("the fragment ends before its last frame")
    return found


def rebase(fragment: bytes, origin_pts: int) -> bytes:
    """Return the fragment with its decode time relative to ``origin_pts``. Raises ProtocolError."""
    tfdt, end = _inside(fragment, b"moof", b"traf", b"tfdt")
    layout, pts_bytes = (">Q", 8) if fragment[tfdt : tfdt + 1] == b"\1" else (">I", 4)
    if end - tfdt < 4 + pts_bytes:
        raise ProtocolError(f"a tfdt box of {end - tfdt} bytes")
    (pts,) = struct.unpack_from(layout, fragment, tfdt + 4)
    if pts < origin_pts:
        raise ProtocolError(f"a fragment of PTS {pts}, before the origin {origin_pts}")
    rebased = bytearray(fragment)
    struct.pack_into(layout, rebased, tfdt + 4, pts - origin_pts)
    return bytes(rebased)


def _inside(data: bytes, *kinds: bytes) -> Span:
    span = (0, len(data))
    for kind in kinds:
        span = _find(data, kind, span)
    return span


def _find(data: bytes, wanted: bytes, span: Span) -> Span:
    """Return the span of the body of the first box of this kind. Raises ProtocolError."""
    for kind, body in _boxes(data, span):
        if kind == wanted:
            return body
    raise ProtocolError(f"the media has no {wanted.decode()} box")


def _boxes(data: bytes, span: Span) -> Iterator[tuple[bytes, Span]]:
    start, end = span
    while start + _BOX_HEADER_BYTES <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < _BOX_HEADER_BYTES or start + size > end:
            raise ProtocolError(f"a box of {size} bytes where {end - start} are left")
        yield kind, (start + _BOX_HEADER_BYTES, start + size)
        start += size


def _words(data: bytes, span: Span) -> tuple[int, Iterator[int]]:
    """Return the flags of a full box and the 32-bit words after them."""
    start, end = span
    if end - start < 4:
        raise ProtocolError(f"a box of {end - start} bytes without its version and flags")
    first, *others = struct.unpack(f">{(end - start) // 4}I", data[start : end - (end - start) % 4])
    return first & 0xFFFFFF, iter(others)


def _default_size(data: bytes, tfhd: Span) -> int:
    flags, words = _words(data, tfhd)
    before = (
        1
        + 2 * bool(flags & _BASE_OFFSET)
        + sum(bool(flags & flag) for flag in (_DESCRIPTION, _DURATION))
    )
    if not flags & _SIZE:
        return 0
    size = next(islice(words, before, None), None)
    if size is None:
        raise ProtocolError("a tfhd box ends before the size of its frames")
    return size


def _run(data: bytes, trun: Span, default_size: int) -> tuple[int, list[int]]:
    """Return the data offset of a ``trun``, relative to the ``moof``, and its frame sizes."""
    flags, words = _words(data, trun)
    try:
        count = next(words)
        if count > min(len(data), _MAX_FRAMES):  # frames of no bytes would never end
            raise ProtocolError(f"{count} frames in {len(data)} bytes")
        offset = next(words) if flags & _DATA_OFFSET else 0
        if flags & _FIRST_FLAGS:
            next(words)
        fields = [
            flag
            for flag in (_SAMPLE_DURATION, _SAMPLE_SIZE, _SAMPLE_FLAGS, _SAMPLE_COMPOSITION)
            if flags & flag
        ]
        rows = [{flag: next(words) for flag in fields} for _ in range(count)]
    except StopIteration:
        raise ProtocolError("a trun box ends before its last frame") from None
    return offset, [row.get(_SAMPLE_SIZE, default_size) for row in rows]
