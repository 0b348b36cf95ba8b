"""One detector for several cameras: who is served, in which order, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab.camera import DetectionService
from streamlab.camera.detection import DetectionClient
from streamlab.camera.frame import CapturedFrame
from streamlab.clock import monotonic_ns
from streamlab.core.health import RECOVERY_SUCCESSES
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.detector import DetectorKind
from streamlab.detect.filter import EVERYTHING, DetectionOptions
from streamlab.detect.function import CallableDetector
from streamlab.detect.scripted import no_detector
from streamlab.media.picture import Picture

TIMEOUT_S = 120.0


class GatedDetector:
    """Waits at a gate with every batch, and notes the pts of what it was given."""

    name = "gated"
    kind: DetectorKind = "scripted"

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.closed = False
        self.fails = False
        self._arrived = threading.Semaphore(0)
        self._gate = threading.Semaphore(0)

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        self.batches.append([picture.pts for picture in pictures])
        self._arrived.release()
        assert self._gate.acquire(timeout=TIMEOUT_S)
        if self.fails:
            raise ValueError("cannot see")
        return [sv.Detections.empty() for _ in pictures]

    def close(self) -> None:
        self.closed = True

    def wait_for_batch(self) -> list[int]:
        """Return the batch that stands at the gate."""
        assert self._arrived.acquire(timeout=TIMEOUT_S)
        return self.batches[-1]

    def let_go(self) -> None:
        self._gate.release()


class Camera:
    """Offers frames and notes what becomes of them."""

    def __init__(self, service: DetectionService, options: DetectionOptions = EVERYTHING) -> None:
        self.detected: list[int] = []
        self.refused: list[int] = []
        self._service = service
        self.client = DetectionClient(
            lambda pts, _: self.detected.append(pts), self.refused.append, options
        )

    def offer(self, pts: int) -> None:
        """Offer a frame that was captured at ``pts`` ns."""
        picture = Picture.from_planes(np.zeros((24, 16), np.uint8), pts)
        refused = self._service.offer(self.client, CapturedFrame(picture, 1, False, pts, 0.0))
        if refused is not None:
            self.refused.append(refused.pts)


@pytest.fixture
def detector() -> GatedDetector:
    return GatedDetector()


@pytest.fixture
def service(detector: GatedDetector) -> Iterator[DetectionService]:
    service = DetectionService(detector, max_batch=2)
    service.start()
    yield service
    service.stop()
    detector.let_go()
    service.join(TIMEOUT_S)
    assert not service.is_alive()
    assert detector.closed


def occupy(service: DetectionService, detector: GatedDetector) -> None:
    """Give the detector something to do, so that what comes now has to wait."""
    Camera(service).offer(1)
    assert detector.wait_for_batch() == [1]


def test_the_newest_frame_takes_the_place_of_the_older(
    service: DetectionService, detector: GatedDetector
) -> None:
    occupy(service, detector)
    camera = Camera(service)
    for pts in (10, 20, 30):
        camera.offer(pts)
    assert camera.refused == [10, 20]
    assert service.counts["refused"] == 2
    detector.let_go()
    assert detector.wait_for_batch() == [30]


def test_the_freshest_frames_of_several_cameras_make_a_batch(
    service: DetectionService, detector: GatedDetector
) -> None:
    occupy(service, detector)
    cameras = [Camera(service) for _ in range(3)]
    for camera, pts in zip(cameras, (10, 30, 20), strict=True):
        camera.offer(pts)
    detector.let_go()
    assert detector.wait_for_batch() == [30, 20]


def test_no_camera_starves_when_all_capture_at_once(
    service: DetectionService, detector: GatedDetector
) -> None:
    occupy(service, detector)
    cameras = [Camera(service) for _ in range(6)]
    for turn in range(1, 10):
        for place, camera in enumerate(cameras):
            camera.offer(100 * turn + place)
        detector.let_go()
        detector.wait_for_batch()
    served = [pts % 100 for batch in detector.batches[1:] for pts in batch]
    assert sorted(served) == sorted([*range(6)] * 3)
    assert all(sorted(served[at : at + 6]) == [*range(6)] for at in (0, 6, 12))


def test_no_more_frames_are_taken_than_asked_for(detector: GatedDetector) -> None:
    service = DetectionService(detector, max_fps=3)
    service.start()
    camera = Camera(service)
    taken = [0, 36_000, 63_000, 90_000, 126_000, 153_000]
    for pts in range(0, 180_000, 9_000):  # two seconds at 10 fps
        camera.offer(pts)
        if pts in taken:
            assert detector.wait_for_batch() == [pts]
            detector.let_go()
    service.stop()
    service.join(TIMEOUT_S)
    assert camera.detected == taken
    assert camera.refused == [pts for pts in range(0, 180_000, 9_000) if pts not in taken]
    assert service.counts["not_due"] == 14


@pytest.mark.parametrize(
    ("of_all", "own", "taken"), [(3.0, 1.0, 2), (1.0, 0.0, 20), (0.0, 5.0, 10)]
)
def test_a_camera_may_have_a_bound_of_its_own(
    detector: GatedDetector, of_all: float, own: float, taken: int
) -> None:
    service = DetectionService(detector, max_fps=of_all)
    service.start()
    camera = Camera(service, DetectionOptions(max_fps=own))
    for pts in range(0, 180_000, 9_000):  # two seconds at 10 fps
        before = len(camera.refused)
        camera.offer(pts)
        if len(camera.refused) == before:
            detector.wait_for_batch()
            detector.let_go()
    service.stop()
    service.join(TIMEOUT_S)
    assert len(camera.detected) == taken


def test_a_camera_that_goes_is_forgotten(
    service: DetectionService, detector: GatedDetector
) -> None:
    occupy(service, detector)
    gone, stays = Camera(service), Camera(service)
    gone.offer(10)
    stays.offer(20)
    service.withdraw(gone.client)
    detector.let_go()
    assert detector.wait_for_batch() == [20]


def test_a_detector_that_fails_refuses_its_batch_and_goes_on(
    service: DetectionService, detector: GatedDetector
) -> None:
    detector.fails = True
    camera, next_camera = Camera(service), Camera(service)
    camera.offer(10)
    detector.wait_for_batch()
    next_camera.offer(20)
    detector.let_go()
    detector.wait_for_batch()
    assert camera.refused == [10]
    assert service.health.last_error == "ValueError: cannot see"
    detector.fails = False
    next_camera.offer(30)
    detector.let_go()
    detector.wait_for_batch()
    assert next_camera.detected == [20]
    assert service.counts == {"failed": 1, "detected": 1}


class Answering:
    """Answers each batch with what a function makes of its size."""

    kind: DetectorKind = "scripted"
    name = "answering"

    def __init__(self, answer: Callable[[int], object]) -> None:
        self.answer = answer

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        return cast(list[sv.Detections], self.answer(len(pictures)))

    def close(self) -> None:
        """Nothing is held."""


def served(answer: Callable[[int], object], turns: int, cameras: int = 1) -> DetectionService:
    """Return a service that has taken ``turns`` batches of ``cameras`` frames, and has ended."""
    service = DetectionService(Answering(answer), max_batch=cameras)
    clients = [Camera(service) for _ in range(cameras)]
    for turn in range(turns):
        for place, camera in enumerate(clients):
            camera.offer(100 * turn + place)
        batch = service._take()
        assert batch is not None
        service._detect(batch)
    return service


@pytest.mark.parametrize(
    "answer",
    [lambda _: None, lambda _: [], lambda _: [None], lambda _: [1, 2], lambda _: ["boxes"]],
)
def test_an_answer_of_another_kind_costs_the_frame_and_shows(
    answer: Callable[[int], object],
) -> None:
    service = served(answer, 3)
    assert service.counts == {"failed": 3}
    health = service.health
    assert (health.state, health.failed) == ("failing", 3)
    assert health.detail.startswith("ModelError: detector 'answering' returned ")
    assert health.last_failed_at is not None


def test_one_bad_answer_costs_no_other_camera_of_the_batch() -> None:
    service = served(lambda count: [sv.Detections.empty()] * (count - 1) + [None], 1, cameras=3)
    assert service.counts == {"failed": 1, "detected": 2}


def test_a_detector_recovers() -> None:
    broken = iter([None, None])
    service = served(lambda _: [next(broken, sv.Detections.empty())], 2 + RECOVERY_SUCCESSES)
    assert service.health.state == "ok"
    assert service.health.failed == 2
    assert service.health.last_error.startswith("ModelError")


@pytest.mark.parametrize(("seconds", "state"), [(3, "slow"), (9, "failing")])
def test_a_detector_that_hangs_is_slow_and_then_fails(
    seconds: int,
    state: str,
    service: DetectionService,
    detector: GatedDetector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    occupy(service, detector)
    later_ns = monotonic_ns() + seconds * NS_PER_S
    monkeypatch.setattr("streamlab.camera.detection.monotonic_ns", lambda: later_ns)
    assert service.health.state == state
    assert service.health.detail.startswith("no answer for ")


def test_answers_that_break_what_reads_them_cost_their_frames_only() -> None:
    class Hostile(sv.Detections):
        """Raises when it is looked at."""

        def __getattribute__(self, name: str) -> object:
            if name == "tracker_id":
                raise RuntimeError("no tracks for you")
            return super().__getattribute__(name)

    broken = iter([Hostile.__new__(Hostile)])
    service = served(lambda _: [next(broken, sv.Detections.empty())], 2)
    assert service.counts == {"failed": 1, "detected": 1}
    assert "Error" in service.health.last_error


def test_no_detector_has_no_health() -> None:
    assert DetectionService(no_detector()).health.state == "none"


def test_a_function_gets_one_picture_at_a_time() -> None:
    def fails_for_dark(rgb: NDArray[np.uint8]) -> sv.Detections:
        raise ValueError("cannot see")

    assert DetectionService(CallableDetector(fails_for_dark), max_batch=4).max_batch == 1
