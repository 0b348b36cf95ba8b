"""What the page promises of a connection: order, names, numbers and times of its events."""

from __future__ import annotations

from itertools import pairwise

from .client import Fragment, Stream
from .h264 import NAL_IDR, SLICE_B, nal_type, parse_sps, slice_types, split_nals
from .mp4 import InitSegment, MediaFragment, parse_fragment, parse_init
from .schema import problems
from .street import (
    FPS,
    HEIGHT,
    WIDTH,
    assert_no_number_missing,
    both_channels,
    numbers_of,
)

CLOCK_SLACK_S = 0.01


def parsed(stream: Stream, channel: str) -> list[tuple[Fragment, InitSegment, MediaFragment]]:
    rows = []
    for fragment in stream.fragments(channel):
        init = parse_init(stream.init_of(fragment).data)
        rows.append((fragment, init, parse_fragment(init, fragment.data)))
    return rows


def test_answer_is_an_event_stream_that_nothing_may_hold_back(both: Stream) -> None:
    headers = both.response.headers
    assert headers["content-type"].split(";")[0] == "text/event-stream"
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"


def test_first_event_is_connected(both: Stream) -> None:
    assert both.names().count("connected") == 1
    assert both.names()[0] == "connected"
    connected = both.log[0].data
    assert connected["protocol"] == 1
    assert connected["camera_id"] == "street"
    assert connected["channels"] == ["raw", "annotated"]
    assert connected["detector"]["kind"] == "scripted"
    assert isinstance(connected["detector"]["name"], str)
    assert connected["server_time"] <= both.log[0].arrived_at + CLOCK_SLACK_S


def test_every_event_has_the_fields_of_the_page(both: Stream) -> None:
    assert {problem for event in both.log for problem in problems(event)} == set()


@both_channels
def test_init_comes_before_the_fragments_that_need_it(both: Stream, channel: str) -> None:
    newest_init_id = None
    for event in both.log:
        if event.data.get("channel") == channel and event.name == "init":
            newest_init_id = event.data["init_id"]
        elif event.data.get("channel") == channel and event.name == "fragment":
            assert event.data["init_id"] == newest_init_id
    assert newest_init_id is not None


@both_channels
def test_init_segment_says_what_its_event_says(both: Stream, channel: str) -> None:
    (init,) = both.inits(channel)
    segment = parse_init(init.data)
    assert init.codec.lower() == segment.codec
    assert segment.sps[0][1:4] == segment.profile_compat_level
    assert segment.pps
    assert (init.width, init.height) == (segment.width, segment.height) == (WIDTH, HEIGHT)
    assert init.fps == FPS
    assert segment.timescale == 90_000
    assert set(segment.edit_media_times) <= {0}


@both_channels
def test_no_picture_is_reordered(both: Stream, channel: str) -> None:
    for fragment, init, media in parsed(both, channel):
        for nal in init.sps:
            sps = parse_sps(nal)
            assert (sps.width, sps.height) == (WIDTH, HEIGHT)
            assert sps.max_num_reorder_frames == 0
        for sample in media.samples:
            assert sample.composition_offset == 0, fragment.event_id
            assert SLICE_B not in slice_types(split_nals(sample.data, init.nal_length_size))


@both_channels
def test_sequence_has_no_hole_and_names_the_event(both: Stream, channel: str) -> None:
    fragments = both.fragments(channel)
    assert not both.all_of("gap")
    for before, after in pairwise(fragments):
        assert after.sequence == before.sequence + 1
    for fragment in fragments:
        assert fragment.event_id == f"{channel}/{fragment.quality}/{fragment.sequence}"


@both_channels
def test_times_of_the_bytes_are_those_of_the_event(both: Stream, channel: str) -> None:
    for fragment, _, media in parsed(both, channel):
        assert media.tfdt == fragment.pts
        assert sum(sample.duration for sample in media.samples) == fragment.duration
        listed = [frame["pts"] for frame in fragment.frames]
        assert listed == [sample.decode_time for sample in media.samples]


@both_channels
def test_every_captured_frame_is_delivered(both: Stream, server_url: str, channel: str) -> None:
    fragments = both.fragments(channel)
    numbers = numbers_of(fragments)
    listed = [frame["pts"] for fragment in fragments for frame in fragment.frames]
    assert listed == [round(number * 90_000 / FPS) for number in numbers]
    assert numbers == sorted(set(numbers))
    assert_no_number_missing(server_url, numbers)


@both_channels
def test_keyframe_tells_of_an_idr(both: Stream, channel: str) -> None:
    for fragment, init, media in parsed(both, channel):
        types = [
            {nal_type(nal) for nal in split_nals(sample.data, init.nal_length_size)}
            for sample in media.samples
        ]
        assert fragment.keyframe == (NAL_IDR in types[0])
        assert [sample.is_sync for sample in media.samples] == [NAL_IDR in kinds for kinds in types]


def test_keyframes_fall_on_the_same_pts_in_both_channels(both: Stream) -> None:
    raw, annotated = (both.fragments(channel) for channel in ("raw", "annotated"))
    start = max(raw[0].pts, annotated[0].pts)
    end = min(raw[-1].pts, annotated[-1].pts)
    keyframes = [
        [each.pts for each in fragments if each.keyframe and start <= each.pts <= end]
        for fragments in (raw, annotated)
    ]
    assert keyframes[0] == keyframes[1]
    assert len(keyframes[0]) >= 2


@both_channels
def test_stream_begins_with_the_newest_gop_from_the_cache(both: Stream, channel: str) -> None:
    fragments = both.fragments(channel)
    cached = [fragment.cached for fragment in fragments]
    assert fragments[0].keyframe
    assert cached[0]
    assert not cached[-1]
    assert cached == sorted(cached, reverse=True), "a cached fragment after a live one"


def test_channels_begin_together_with_the_newest_gop_of_both(both: Stream) -> None:
    raw, annotated = (both.fragments(channel) for channel in ("raw", "annotated"))
    assert raw[0].pts == annotated[0].pts
    # The one that is ahead may just have begun a GOP that the other one has not.
    assert min(sum(each.cached and each.keyframe for each in c) for c in (raw, annotated)) == 1


@both_channels
def test_wall_times_are_in_order(both: Stream, channel: str) -> None:
    fragments = both.fragments(channel)
    for fragment in fragments:
        assert fragment.captured_at <= fragment.released_at + CLOCK_SLACK_S
        assert fragment.released_at <= fragment.arrived_at + CLOCK_SLACK_S
    for before, after in pairwise(fragments):
        assert before.captured_at <= after.captured_at
        assert before.released_at <= after.released_at


def test_sync_comes_at_most_once_per_interval_and_on_change(both: Stream) -> None:
    syncs = both.all_of("sync")
    media_s = sum(fragment.duration for fragment in both.fragments("raw")) / 90_000
    live_s = both.log[-1].arrived_at - both.log[0].arrived_at
    unchanged = [1 for a, b in pairwise(syncs) if a.data["state"] == b.data["state"]]
    assert len(unchanged) <= media_s + live_s


def test_sync_tells_whether_it_is_within_its_own_tolerance(both: Stream) -> None:
    for sync in both.all_of("sync"):
        tolerance_ms = sync.data["sync_tolerance_ms"]
        assert tolerance_ms == both.log[0].data["sync_tolerance_ms"]
        if sync.data["is_synchronized"]:
            assert abs(sync.data["drift_ms"]) <= tolerance_ms
        assert 0 <= sync.data["fresh_fraction"] <= 1


def test_raw_frames_carry_no_detections_and_annotated_ones_do(both: Stream) -> None:
    assert not any("detections" in f for raw in both.fragments("raw") for f in raw.frames)
    rows = 0
    for fragment in both.fragments("annotated"):
        for frame in fragment.frames:
            if frame["detections_pts"] is None:  # the detector has not answered yet
                assert not frame["detections"]
                continue
            assert frame["detections_pts"] <= frame["pts"]
            for x1, y1, x2, y2, _, score, _ in frame["detections"]:
                assert 0 <= x1 < x2 <= WIDTH
                assert 0 <= y1 < y2 <= HEIGHT
                assert 0 < score <= 1
                rows += 1
    assert rows
