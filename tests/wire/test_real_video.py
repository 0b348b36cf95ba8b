"""A real detector on a real recording."""

from __future__ import annotations

from bisect import bisect
from pathlib import Path

import pytest

from tests.fakes.streamlab_process import StreamlabProcess

from .client import Fragment, Stream
from .schema import problems

DATA = Path(__file__).parents[2].parent / "shared" / "data"
VIDEO = DATA / "one-by-one-person-detection.mp4"
MODEL = DATA / "yolov8n_int8.onnx"

# Seen by eye: nobody up to 6 s, then a woman who stands at the table from 8 to 18 s.
EMPTY_S, STANDING_S = range(6), range(8, 18)
ENOUGH_S = 3  # of that time: how often she is found in a second is a matter of the machine
TABLE_X_PX = range(340, 560)

pytestmark = pytest.mark.skipif(
    not (VIDEO.exists() and MODEL.exists()), reason=f"no video and model in {DATA}"
)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    """Return a connection to the recording's annotated channel, read until she was seen enough."""
    log_path = tmp_path_factory.mktemp("door") / "server.log"
    arguments = ("--camera", f"door={VIDEO}", "--model", str(MODEL))
    with StreamlabProcess(log_path, *arguments) as server:
        path = "/streams/sse/door/dual"
        with Stream(server.url, path, initial_channel="annotated") as stream:
            while sum(bool(persons(stream).get(second)) for second in STANDING_S) < ENOUGH_S:
                stream.read_media(0.5, "annotated")
    return stream


def persons(stream: Stream) -> dict[int, list[float]]:
    """Return per second of the recording that was looked at the centres of persons, x in pixels."""
    found: dict[int, list[float]] = {}
    for fragment in stream.fragments("annotated"):
        for frame in fragment.frames:
            if frame["detections_pts"] is not None:
                centres = found.setdefault(frame["detections_pts"] // 90_000, [])
                centres += [
                    (x1 + x2) / 2
                    for x1, _, x2, _, name, score, _ in frame["detections"]
                    if name == "person" and score > 0.5
                ]
    return found


def test_fields_are_those_of_the_page(door: Stream) -> None:
    assert {problem for event in door.log for problem in problems(event)} == set()
    assert door.log[0].data["detector"]["kind"] == "onnx"


def test_boxes_are_never_from_the_future(door: Stream) -> None:
    for pieces in unbroken(door):
        known = {frame["pts"] for fragment in pieces for frame in fragment.frames}
        for frame in (frame for fragment in pieces for frame in fragment.frames):
            if frame["detections_pts"] is None:
                assert not frame["detections"]
                continue
            assert frame["detections_pts"] <= frame["pts"]
            if frame["detections_pts"] >= min(known):
                assert frame["detections_pts"] in known, "boxes of a frame that never was"


def unbroken(stream: Stream) -> list[list[Fragment]]:
    """Return the annotated fragments, cut where a `gap` says that some were not sent."""
    gaps = [
        index
        for index, event in enumerate(stream.log)
        if event.name == "gap" and event.data["channel"] == "annotated"
    ]
    runs: list[list[Fragment]] = [[] for _ in range(len(gaps) + 1)]
    for fragment in stream.fragments("annotated"):
        runs[bisect(gaps, fragment.index)].append(fragment)
    return [run for run in runs if run]


def test_person_is_found_while_she_is_there_and_not_before(door: Stream) -> None:
    found = persons(door)
    standing = [centres for second in STANDING_S if (centres := found.get(second))]
    assert len(standing) >= ENOUGH_S
    assert all(round(x) in TABLE_X_PX for centres in standing for x in centres)
    assert not any(found.get(second) for second in EMPTY_S)
