"""Recordings: which files, what is in them, and what happens when the disk is full."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streamlab.client import Event, RecordError, Recording
from streamlab.client.mp4 import rebase

from .makers import FRAME, connected, fragment, gap, init, switched

FULL = Path("/dev/full")


def record(path: Path, *events: Event) -> Recording:
    recording = Recording({"raw": path})
    for event in events:
        recording.receive(event)
    recording.close()
    return recording


def test_a_file_is_the_init_segment_and_the_fragments_from_a_keyframe_on(tmp_path: Path) -> None:
    media = [fragment(9), fragment(10, keyframe=True), fragment(11)]
    path = tmp_path / "raw.mp4"
    (file,) = record(path, connected(), init(), *media, fragment(11, "annotated")).files
    rebased = b"".join(rebase(item.data, 10 * FRAME) for item in media[1:])
    assert path.read_bytes() == init().data + rebased
    assert (file.path, file.frames, file.seconds) == (path, 2, 2 / 30)
    assert file.size_bytes == path.stat().st_size


def test_both_channels_count_time_from_the_same_frame(tmp_path: Path) -> None:
    paths = {channel: tmp_path / f"{channel}.mp4" for channel in ("raw", "annotated")}
    recording = Recording(paths)
    for event in (
        connected(),
        init("raw"),
        init("annotated"),
        fragment(10, "raw", keyframe=True),
        fragment(50, "annotated", keyframe=True, pts=8 * FRAME),  # before the common start
        fragment(12, "annotated", keyframe=True),
    ):
        recording.receive(event)
    recording.close()
    assert paths["annotated"].read_bytes() == init("annotated").data + rebase(
        fragment(12, "annotated", keyframe=True).data, 10 * FRAME
    )


def test_a_gap_stays_in_the_file(tmp_path: Path) -> None:
    media: list[Event] = [fragment(10, keyframe=True), gap(11, 14), fragment(15, keyframe=True)]
    (file,) = record(tmp_path / "raw.mp4", connected(), init(), *media).files
    assert (file.frames, file.seconds) == (2, 6 / 30)


def test_what_a_switch_sends_again_is_written_once(tmp_path: Path) -> None:
    gop = [fragment(10, keyframe=True), fragment(11)]
    back = switched("raw", "both")
    (file,) = record(
        tmp_path / "raw.mp4", connected(), init(), *gop, back, init(), *gop, fragment(12)
    ).files
    assert file.frames == 3


def test_another_encoding_begins_another_file(tmp_path: Path) -> None:
    events: list[Event] = [connected(), init(), fragment(10, keyframe=True), init(width=320)]
    last = fragment(11, keyframe=True)
    files = record(tmp_path / "raw.mp4", *events, last).files
    assert [file.path.name for file in files] == ["raw.mp4", "raw-2.mp4"]
    assert files[1].path.read_bytes().startswith(init(width=320).data)
    assert files[1].seconds == 1 / 30


def test_a_camera_that_was_started_anew_begins_another_file(tmp_path: Path) -> None:
    first: list[Event] = [connected("a"), init(), fragment(100, keyframe=True)]
    again: list[Event] = [connected("b"), init(), fragment(200, keyframe=True, pts=0)]
    files = record(tmp_path / "raw.mp4", *first, *again).files
    assert [file.frames for file in files] == [1, 1]
    same: list[Event] = [connected("b"), fragment(201, pts=FRAME)]
    files = record(tmp_path / "more.mp4", *first, *again, *same).files
    assert [file.frames for file in files] == [1, 2]


def test_nothing_to_record_leaves_no_file(tmp_path: Path) -> None:
    assert not record(tmp_path / "raw.mp4", connected(), init(), fragment(9)).files
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "raw.mp4"
    path.write_bytes(b"precious")
    with pytest.raises(RecordError, match="already exists"):
        Recording({"raw": path})
    assert path.read_bytes() == b"precious"


def test_no_later_file_overwrites_an_existing_one(tmp_path: Path) -> None:
    for number in (2, 3):
        (tmp_path / f"raw-{number}.mp4").write_bytes(b"precious")
    events: list[Event] = [connected(), init(), fragment(10, keyframe=True), init(width=320)]
    files = record(tmp_path / "raw.mp4", *events, fragment(11, keyframe=True)).files
    assert [file.path.name for file in files] == ["raw.mp4", "raw-4.mp4"]
    for number in (2, 3):
        assert (tmp_path / f"raw-{number}.mp4").read_bytes() == b"precious"


def test_channels_whose_names_meet_do_not_overwrite_each_other(tmp_path: Path) -> None:
    paths = {"raw": tmp_path / "x.mp4", "annotated": tmp_path / "x-2.mp4"}
    recording = Recording(paths)
    media: list[Event] = [fragment(10, keyframe=True), init(width=320), fragment(11, keyframe=True)]
    other: list[Event] = [init("annotated"), fragment(12, "annotated", keyframe=True)]
    for event in [connected(), init(), *media, *other]:
        recording.receive(event)
    recording.close()
    assert len({file.path for file in recording.files}) == len(recording.files) == 3


@pytest.mark.parametrize("path", [FULL, Path("/nowhere/raw.mp4")])
def test_what_cannot_be_written(path: Path) -> None:
    if path == FULL and not FULL.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(RecordError, match=str(path)) as raised:
        record(path, connected(), init(), replace(fragment(10, keyframe=True)))
    assert ("disk is full" in raised.value.hint) == (path == FULL)
