"""What the peers of the latency benchmark are given: playlists, and H.264 for RTP."""

from __future__ import annotations

from fractions import Fraction

import pytest
from benchmarks.presented.hls import MAX_SEGMENTS, Playlist
from benchmarks.presented.latency import ages_ms
from benchmarks.presented.seen import Look, Picture, Seen

FRAME_TICKS = 3000
GOP = 30


def playlist(frames: int, part_frames: int = 6) -> Playlist:
    made = Playlist(30, part_frames=part_frames, gop_s=1.0)
    for number in range(frames):
        made.receive(f"[{number}]".encode(), FRAME_TICKS, keyframe=number % GOP == 0)
    return made


def test_parts_are_whole_and_say_where_a_player_can_start() -> None:
    lines = playlist(13).text(low_latency=True).splitlines()
    assert [line for line in lines if line.startswith("#EXT-X-PART:")] == [
        '#EXT-X-PART:DURATION=0.20000,URI="0.0.m4s",INDEPENDENT=YES',
        '#EXT-X-PART:DURATION=0.20000,URI="0.1.m4s"',
    ]
    assert "#EXT-X-PART-INF:PART-TARGET=0.200" in lines
    assert not any(line.startswith("#EXTINF") for line in lines)


def test_a_part_ends_with_its_segment() -> None:
    made = playlist(GOP + 6, part_frames=7)
    first = made.segment(0)
    assert first is not None
    assert [part.ticks // FRAME_TICKS for part in first.parts] == [7, 7, 7, 7, 2]
    assert first.seconds == pytest.approx(1.0)
    assert first.data == b"".join(f"[{number}]".encode() for number in range(GOP))


def test_segments_are_listed_once_they_are_whole_and_bounded() -> None:
    made = playlist(10 * GOP)
    lines = made.text(low_latency=False).splitlines()
    listed = [line for line in lines if line.endswith(".m4s")]
    assert listed == ["4.m4s", "5.m4s", "6.m4s", "7.m4s", "8.m4s"]
    assert len(listed) == MAX_SEGMENTS - 1
    assert "#EXT-X-MEDIA-SEQUENCE:4" in lines
    assert made.segment(3) is None


def test_a_reload_waits_for_the_part_that_it_names() -> None:
    made = playlist(12)
    assert made.has(0, 1)
    assert not made.has(0, 2)
    assert not made.has(1, 0)
    assert playlist(GOP + 1).has(0, 99), "a segment that has ended gets no more parts"


def test_growing_is_told_once_for_each_part() -> None:
    made = Playlist(30, part_frames=3, gop_s=1.0)
    grown = [made.receive(b"", FRAME_TICKS, keyframe=number == 0) for number in range(6)]
    assert grown == [False, False, True, False, False, True]


def test_a_frame_is_as_old_as_when_it_came_up() -> None:
    def look(at_ms: float, number: int | None) -> Look:
        return Look(at_ms, (Picture("raw", number, False, 640),))

    looks = [look(0, 10), look(17, 10), look(33, None), look(50, 11), look(67, 10), look(83, 12)]
    captured_at = {10 * FRAME_TICKS: 99.990, 11 * FRAME_TICKS: 100.010}
    ages = ages_ms(Seen(looks, [], 100_000.0), captured_at, Fraction(30))
    assert ages == pytest.approx([10, 40, 77])


def test_samples_get_start_codes_and_parameter_sets() -> None:
    pytest.importorskip("aiortc")
    from benchmarks.presented.webrtc import annex_b, parameter_sets

    from streamlab.core.h264.nal import split_annex_b, to_sample
    from streamlab.core.h264.parameter_sets import ParameterSets
    from streamlab.core.mp4.box import init_segment

    sps, pps = bytes.fromhex("6742c01ed901405ff2e022"), bytes.fromhex("68ce3c80")
    init = init_segment(ParameterSets(sps, (pps,)), 640, 360)
    assert list(split_annex_b(parameter_sets(init))) == [sps, pps]
    slices = [b"\x65\x88\x84\x21", b"\x65\x11\x22\x33"]
    assert list(split_annex_b(annex_b(to_sample(slices)))) == slices
