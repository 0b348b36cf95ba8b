"""What injected faults make of a camera's detector, on a virtual clock."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
import pytest
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st

from streamlab.camera.frame import CapturedFrame
from streamlab.core.sync.rule import PATIENT_NS
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.answer import Answer
from streamlab.faults import NO_FAULTS, PRESETS, Faults
from streamlab.faults.delay_line import DelayLine, Offer
from streamlab.media.picture import Picture

MS = 1_000_000
FRAME_NS = NS_PER_S // 30
FOUND = sv.Detections.empty()
PLANES = np.zeros((24, 16), np.uint8)


def frame(pts: int, captured_ns: int = 0) -> CapturedFrame:
    picture = Picture.from_planes(PLANES, pts)
    return CapturedFrame(picture, 1, pts % 30 == 0, captured_ns, 0.0)


def drain(line: DelayLine[CapturedFrame]) -> tuple[list[int], list[tuple[int, bool]]]:
    """Return the pts of what is offered, and of the answers: whether there are detections."""
    offered, answered = list[int](), list[tuple[int, bool]]()
    while (event := line.next_event()) is not None:
        if isinstance(event, Offer):
            offered.append(event.captured.pts)
        else:
            answered.append((event.pts, event.detections is not None))
    return offered, answered


class Camera:
    """Sends frames through a line to a detector that needs ``needed_ns`` for each, at once."""

    def __init__(self, needed_ns: int = 5 * MS) -> None:
        self.line: DelayLine[CapturedFrame] = DelayLine()
        self.needed_ns = needed_ns
        self.answers: list[Answer] = []
        self._now_ns = 0
        self._number = 0
        self._at_detector: list[tuple[int, int]] = []

    def run(self, frames: int) -> None:
        """Capture frames at 30 fps."""
        for _ in range(frames):
            self._advance(self._number * FRAME_NS)
            self.line.receive_frame(frame(self._number, self._now_ns), self._now_ns)
            self._settle()
            self._number += 1

    def inject(self, faults: Faults) -> None:
        """Have these faults from now on."""
        self.line.inject(faults, self._now_ns)
        self._settle()

    def finish(self) -> None:
        """Let all come that is on its way."""
        self._advance(self._now_ns + 100 * NS_PER_S)

    def _advance(self, until_ns: int) -> None:
        while (due_ns := self._next_ns()) <= until_ns:
            self._now_ns = due_ns
            if self._at_detector and self._at_detector[0][0] <= due_ns:
                _, pts = heapq.heappop(self._at_detector)
                self.line.receive_answer(Answer(pts, FOUND, due_ns))
            else:
                self.line.handle_timer(due_ns)
            self._settle()
        self._now_ns = until_ns

    def _next_ns(self) -> int:
        timer_ns = self.line.get_timer()
        due = [] if timer_ns is None else [timer_ns]
        return min([*due, *(came_ns for came_ns, _ in self._at_detector)], default=2**62)

    def _settle(self) -> None:
        while (event := self.line.next_event()) is not None:
            if isinstance(event, Offer):
                due = (self._now_ns + self.needed_ns, event.captured.pts)
                heapq.heappush(self._at_detector, due)
            else:
                self.answers.append(event)

    def lags_ms(self) -> Sequence[float]:
        """Return from capture to detections, of the frames that have any."""
        found = [answer for answer in self.answers if answer.detections is not None]
        return [(answer.came_ns - answer.pts * FRAME_NS) / MS for answer in found]


def test_without_faults_everything_goes_straight_through() -> None:
    line = DelayLine[CapturedFrame]()
    for pts in range(3):
        line.receive_frame(frame(pts), pts)
    assert drain(line) == ([0, 1, 2], [])
    line.receive_answer(Answer(0, FOUND, 5))
    line.receive_answer(Answer(1, None, 5))
    assert line.get_timer() is None
    assert drain(line) == ([], [(0, True), (1, False)])
    assert not line.counts


def test_one_worker_has_one_place_at_its_door() -> None:
    line = DelayLine[CapturedFrame]()
    line.inject(Faults(lag_median_ms=100), 0)
    for pts in range(4):
        line.receive_frame(frame(pts), pts * FRAME_NS)
    assert drain(line) == ([0], [(1, False), (2, False)])
    line.receive_answer(Answer(0, FOUND, 99 * MS))
    assert drain(line) == ([], [])
    assert line.get_timer() == 100 * MS
    line.handle_timer(100 * MS)
    assert drain(line) == ([3], [(0, True)])
    assert line.counts == {"injected_delays": 1, "injected_refusals": 2}


def test_parallel_workers_answer_in_order() -> None:
    camera = Camera()
    camera.inject(PRESETS["lognormal"])
    camera.run(1000)
    camera.finish()
    assert [answer.pts for answer in camera.answers] == [*range(1000)]
    assert all(answer.detections is not None for answer in camera.answers)
    came_ns = [answer.came_ns for answer in camera.answers]
    assert came_ns == sorted(came_ns)
    assert np.median(camera.lags_ms()) >= 60


def test_a_slow_detector_is_not_slowed_down_further() -> None:
    camera = Camera(needed_ns=25 * MS)
    camera.inject(Faults(lag_median_ms=20))
    camera.run(10)
    camera.finish()
    assert camera.lags_ms() == pytest.approx([25] * 10)
    assert not camera.line.counts


def test_a_dead_detector_refuses_until_it_is_revived() -> None:
    camera = Camera()
    camera.run(2)
    camera.inject(Faults(detector_dead=True))
    camera.run(3)
    camera.inject(NO_FAULTS)
    camera.run(2)
    camera.finish()
    found = {answer.pts: answer.detections is not None for answer in camera.answers}
    assert found == {0: True, 1: True, 2: False, 3: False, 4: False, 5: True, 6: True}
    assert camera.line.counts == {"injected_refusals": 3}


def test_what_is_held_back_goes_when_the_faults_do() -> None:
    line = DelayLine[CapturedFrame]()
    line.inject(Faults(stall_ms=60_000), 0)
    line.receive_frame(frame(1), 0)
    line.receive_answer(Answer(1, FOUND, MS))
    line.receive_frame(frame(2), 2 * MS)
    drain(line)
    line.inject(NO_FAULTS, 3 * MS)
    line.receive_frame(frame(3), 3 * MS)
    assert drain(line) == ([2, 3], [(1, True)])
    assert line.get_timer() is None


def test_an_answer_that_never_comes_does_not_stop_the_line() -> None:
    line = DelayLine[CapturedFrame]()
    line.inject(PRESETS["steady"], 0)
    line.receive_frame(frame(1), 0)
    line.receive_frame(frame(2), PATIENT_NS)
    assert drain(line) == ([1], [])
    line.receive_frame(frame(3), PATIENT_NS + 1)
    assert drain(line)[0] == [3]


faults = st.builds(
    Faults,
    lag_median_ms=st.floats(0, 500),
    lag_sigma=st.floats(0, 1),
    parallel=st.booleans(),
    stall_ms=st.floats(0, 2000),
    stall_every_s=st.floats(0.1, 5),
    stall_frames=st.integers(1, 5),
    keyframe_burst_ms=st.floats(0, 200),
    detector_dead=st.booleans(),
)


@given(st.lists(st.tuples(faults, st.integers(1, 40)), max_size=4), st.integers(0, 200 * MS))
def test_every_frame_is_answered_once(steps: list[tuple[Faults, int]], needed_ns: int) -> None:
    camera = Camera(needed_ns)
    for injected, frames in steps:
        camera.inject(injected)
        camera.run(frames)
    camera.finish()
    count = sum(frames for _, frames in steps)
    assert sorted(answer.pts for answer in camera.answers) == [*range(count)]
    found = [answer.pts for answer in camera.answers if answer.detections is not None]
    assert len(found) + camera.line.counts["injected_refusals"] == count
    assert camera.lags_ms() == [] or min(camera.lags_ms()) >= needed_ns / MS
