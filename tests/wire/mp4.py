"""A small reader of fragmented MP4 (ISO/IEC 14496-12 and -15), one video track."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

AVC1_FIELDS_BYTES = 78  # VisualSampleEntry up to its first child box
NON_SYNC_SAMPLE = 0x10000


class Mp4Error(ValueError):
    """The bytes are no MP4 of the kind the protocol promises."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its four-character type, its payload and where the payload starts."""

    kind: str
    payload: bytes
    start: int


@dataclass(frozen=True, slots=True)
class InitSegment:
    """What `ftyp` + `moov` say about the only track."""

    timescale: int
    width: int
    height: int
    profile_compat_level: bytes
    nal_length_size: int
    sps: list[bytes]
    pps: list[bytes]
    default_duration: int
    default_size: int
    default_flags: int
    edit_media_times: list[int]

    @property
    def codec(self) -> str:
        """RFC 6381 name of the codec."""
        return f"avc1.{self.profile_compat_level.hex()}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One coded picture: its bytes, and times in ticks of the track's timescale."""

    data: bytes
    decode_time: int
    composition_offset: int
    duration: int
    is_sync: bool


@dataclass(frozen=True, slots=True)
class MediaFragment:
    """What `moof` + `mdat` hold."""

    sequence_number: int
    tfdt: int
    samples: list[Sample]


def boxes(data: bytes) -> Iterator[Box]:
    """Yield the boxes that lie side by side in `data`; Mp4Error when one overruns it."""
    position = 0
    while position < len(data):
        if position + 8 > len(data):
            raise Mp4Error(f"{len(data) - position} bytes after the last box")
        size, kind = struct.unpack_from(">I4s", data, position)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, position + 8)
            header = 16
        if size < header or position + size > len(data):
            raise Mp4Error(f"box {kind!r} of {size} bytes at {position} of {len(data)}")
        start = position + header
        yield Box(kind.decode("latin-1"), data[start : position + size], start)
        position += size


def find_all(data: bytes, path: str) -> list[Box]:
    """Return the boxes at `path`, such as `moov/trak/mdia/mdhd`."""
    kind, _, rest = path.partition("/")
    found = [box for box in boxes(data) if box.kind == kind]
    return [inner for box in found for inner in find_all(box.payload, rest)] if rest else found


def find(data: bytes, path: str) -> Box:
    """Return the only box at `path`; Mp4Error when there is none or more than one."""
    found = find_all(data, path)
    if len(found) != 1:
        raise Mp4Error(f"{len(found)} boxes at {path}, not 1")
    return found[0]


def parse_init(data: bytes) -> InitSegment:
    """Read an init segment: exactly `ftyp` and `moov`, one AVC track, `mvex`."""
    kinds = [box.kind for box in boxes(data)]
    if kinds != ["ftyp", "moov"]:
        raise Mp4Error(f"an init segment of {kinds}, not ftyp and moov")
    track = find(data, "moov/trak").payload
    mdhd = find(track, "mdia/mdhd").payload
    (timescale,) = struct.unpack_from(">I", mdhd, 20 if mdhd[0] == 1 else 12)
    entry = find(find(track, "mdia/minf/stbl/stsd").payload[8:], "avc1").payload
    width, height = struct.unpack_from(">HH", entry, 24)
    avcc = find(entry[AVC1_FIELDS_BYTES:], "avcC").payload
    sps, pps = _parameter_sets(avcc)
    trex = struct.unpack_from(">6I", find(data, "moov/mvex/trex").payload)
    return InitSegment(
        timescale=timescale,
        width=width,
        height=height,
        profile_compat_level=avcc[1:4],
        nal_length_size=(avcc[4] & 3) + 1,
        sps=sps,
        pps=pps,
        default_duration=trex[3],
        default_size=trex[4],
        default_flags=trex[5],
        edit_media_times=_edit_media_times(track),
    )


def _parameter_sets(avcc: bytes) -> tuple[list[bytes], list[bytes]]:
    position = 5
    groups: list[list[bytes]] = []
    for mask in (0x1F, 0xFF):
        count = avcc[position] & mask
        position += 1
        group = []
        for _ in range(count):
            (size,) = struct.unpack_from(">H", avcc, position)
            group.append(avcc[position + 2 : position + 2 + size])
            position += 2 + size
        groups.append(group)
    return groups[0], groups[1]


def _edit_media_times(track: bytes) -> list[int]:
    times = []
    for elst in find_all(track, "edts/elst"):
        (count,) = struct.unpack_from(">I", elst.payload, 4)
        entry, at, kind = (20, 8, ">q") if elst.payload[0] == 1 else (12, 4, ">i")
        offsets = range(8, 8 + count * entry, entry)
        times += [struct.unpack_from(kind, elst.payload, at + offset)[0] for offset in offsets]
    return times


def parse_fragment(init: InitSegment, data: bytes) -> MediaFragment:
    """Read one `moof` + `mdat`; Mp4Error when the samples do not fill the `mdat` exactly."""
    kinds = [box.kind for box in boxes(data)]
    if kinds != ["moof", "mdat"]:
        raise Mp4Error(f"a fragment of {kinds}, not moof and mdat")
    moof = find(data, "moof").payload
    (sequence_number,) = struct.unpack_from(">I", find(moof, "mfhd").payload, 4)
    tfdt_box = find(moof, "traf/tfdt").payload
    (tfdt,) = struct.unpack_from(">Q" if tfdt_box[0] == 1 else ">I", tfdt_box, 4)
    defaults = _fragment_defaults(init, find(moof, "traf/tfhd").payload)
    samples, ends = _samples(find(moof, "traf/trun").payload, defaults, tfdt, data)
    mdat = find(data, "mdat")
    if ends != [mdat.start, mdat.start + len(mdat.payload)]:
        raise Mp4Error(f"samples at {ends}, the mdat's payload at {mdat.start}")
    return MediaFragment(sequence_number, tfdt, samples)


def _fragment_defaults(init: InitSegment, tfhd: bytes) -> tuple[int, int, int]:
    flags = int.from_bytes(tfhd[1:4])
    if flags & 0x1 or not flags & 0x20000:
        raise Mp4Error("data offsets must be relative to the moof (default-base-is-moof)")
    position = 8 + (4 if flags & 0x2 else 0)
    values = [init.default_duration, init.default_size, init.default_flags]
    for index, bit in enumerate((0x8, 0x10, 0x20)):
        if flags & bit:
            (values[index],) = struct.unpack_from(">I", tfhd, position)
            position += 4
    return values[0], values[1], values[2]


def _samples(
    trun: bytes, defaults: tuple[int, int, int], tfdt: int, data: bytes
) -> tuple[list[Sample], list[int]]:
    """Return the samples, and where in `data` the first begins and the last ends."""
    version, flags = trun[0], int.from_bytes(trun[1:4])
    count, offset = struct.unpack_from(">Ii", trun, 4)
    if not flags & 0x1:
        raise Mp4Error("a trun without data offset")
    position = 12
    first_flags = None
    if flags & 0x4:
        (first_flags,) = struct.unpack_from(">I", trun, position)
        position += 4
    samples, time, starts = [], tfdt, [offset]
    for index in range(count):
        row = [*defaults, 0]
        for column, bit in enumerate((0x100, 0x200, 0x400, 0x800)):
            if flags & bit:
                kind = ">i" if bit == 0x800 and version == 1 else ">I"
                (row[column],) = struct.unpack_from(kind, trun, position)
                position += 4
        if index == 0 and first_flags is not None:
            row[2] = first_flags
        duration, size, sample_flags, composition_offset = row
        starts.append(starts[-1] + size)
        picture = data[starts[-2] : starts[-1]]
        is_sync = not sample_flags & NON_SYNC_SAMPLE
        samples.append(Sample(picture, time, composition_offset, duration, is_sync))
        time += duration
    return samples, [starts[0], starts[-1]]
