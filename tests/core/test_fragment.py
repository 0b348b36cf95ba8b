from __future__ import annotations

import struct
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.mp4.box import Sample, media_segment
from streamlab.core.mp4.fragment import EncodedFrame, Fragment, FragmentWriter
from tests.core.makers import RAW, SETS, init_of


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield kind and body of the boxes at this level."""
    while data:
        size, kind = struct.unpack(">I4s", data[:8])
        yield kind.decode(), data[8:size]
        data = data[size:]


def find(data: bytes, *path: str) -> bytes:
    for kind in path:
        data = next(body for name, body in boxes(data) if name == kind)
    return data


SLICE = b"\0\0\0\1\x65"


def encoded(pts: int, duration: int, *, keyframe: bool = False) -> EncodedFrame:
    return EncodedFrame(pts, duration, keyframe, len(SLICE), 0, 1.5, 0)


@given(
    pts=st.integers(0, 2**40),
    sizes=st.lists(st.integers(0, 300), min_size=1, max_size=8),
    sequence=st.integers(0, 2**33),
)
def test_a_segment_says_where_it_lies_and_holds_its_samples(
    pts: int, sizes: list[int], sequence: int
) -> None:
    samples = [Sample(bytes([n % 256]) * size, 3000 + n, n == 0) for n, size in enumerate(sizes)]
    data = media_segment(sequence, pts, samples)
    assert [kind for kind, _ in boxes(data)] == ["moof", "mdat"]
    tfdt = find(data, "moof", "traf", "tfdt")
    assert struct.unpack(">Q", tfdt[4:]) == (pts,)
    trun = find(data, "moof", "traf", "trun")
    count, offset = struct.unpack(">Ii", trun[4:12])
    assert count == len(samples)
    for index, sample in enumerate(samples):
        duration, size, flags = struct.unpack(">3I", trun[12 + 12 * index : 24 + 12 * index])
        assert (duration, size) == (sample.duration, len(sample.data))
        assert bool(flags & 0x10000) != sample.keyframe
        assert data[offset : offset + size] == sample.data
        offset += size
    assert offset == len(data)


def test_an_init_segment_holds_the_parameter_sets() -> None:
    init = init_of(RAW)
    assert [kind for kind, _ in boxes(init.data)] == ["ftyp", "moov"]
    mdia = find(init.data, "moov", "trak", "mdia")
    assert struct.unpack(">I", find(mdia, "mdhd")[12:16]) == (90_000,)
    stsd = find(mdia, "minf", "stbl", "stsd")
    avcc = find(find(stsd[8:], "avc1")[78:], "avcC")
    assert SETS.sps in avcc
    assert SETS.pps[0] in avcc
    assert init.codec == "avc1.42c01e"
    assert init.init_id == init_of(RAW).init_id


@given(
    fragment_ms=st.sampled_from([0, 20, 100, 250, 1000]),
    durations=st.lists(st.integers(1, 9000), min_size=1, max_size=80),
    keys=st.sets(st.integers(0, 79)),
)
def test_fragments_hold_every_frame_once_and_start_anew_at_keyframes(
    fragment_ms: float, durations: list[int], keys: set[int]
) -> None:
    writer, pts, made, frames = FragmentWriter(RAW, fragment_ms), 0, list[Fragment](), 0
    for number, duration in enumerate(durations):
        frame = encoded(pts, duration, keyframe=number in keys)
        made += writer.receive_frame(frame, SLICE, "id")
        pts, frames = pts + duration, frames + 1
    inside = [frame for fragment in made for frame in fragment.frames]
    assert [frame.pts for frame in inside] == sorted({frame.pts for frame in inside})
    assert [fragment.sequence for fragment in made] == list(range(1, len(made) + 1))
    assert all(not frame.keyframe for fragment in made for frame in fragment.frames[1:])
    if fragment_ms == 0:
        assert len(inside) == len(made) == frames
    assert all(fragment.duration <= 90 * fragment_ms + 9000 for fragment in made)


def test_two_writers_cut_at_the_same_places() -> None:
    writers = [FragmentWriter(RAW, 100) for _ in range(2)]
    cuts: list[list[int]] = [[], []]
    for number in range(60):
        for writer, seen in zip(writers, cuts, strict=True):
            if writer is writers[1] and number < 30:
                continue  # it started later
            frame = encoded(number * 3000, 3000, keyframe=number % 30 == 0)
            seen += [fragment.pts for fragment in writer.receive_frame(frame, SLICE, "id")]
    assert cuts[1] == [pts for pts in cuts[0] if pts >= 90_000]


def test_the_frames_before_a_new_encoding_keep_its_predecessors_init() -> None:
    writer = FragmentWriter(RAW, 1000)
    made = [*writer.receive_frame(encoded(0, 3000, keyframe=True), SLICE, "before")]
    made += writer.receive_frame(encoded(3000, 3000), SLICE, "before")
    made += writer.receive_frame(encoded(6000, 84_000, keyframe=True), SLICE, "after")
    assert [(each.pts, each.init_id) for each in made] == [(0, "before"), (6000, "after")]


def test_a_fragment_is_ready_with_its_last_frame() -> None:
    writer = FragmentWriter(RAW, 100)
    frames = [encoded(pts, 3000)._replace(ready_ns=pts) for pts in (0, 3000, 6000)]
    (made,) = [each for frame in frames for each in writer.receive_frame(frame, SLICE, "id")]
    assert (made.ready_ns, made.duration, made.keyframe) == (6000, 9000, False)
    assert made.data.endswith(3 * SLICE)


def test_lost_frames_leave_a_hole_and_nothing_of_what_was_pending() -> None:
    writer = FragmentWriter(RAW, 100)
    assert [*writer.receive_frame(encoded(0, 3000, keyframe=True), SLICE, "id")] == []
    writer.skip()
    (made,) = writer.receive_frame(encoded(3000, 9000, keyframe=True), SLICE, "id")
    assert (made.pts, made.sequence) == (3000, 2)
