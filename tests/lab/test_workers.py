"""A lab whose cameras run in a worker process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab import Lab
from streamlab.detect.detector import DetectorKind
from streamlab.detect.load import load_detector
from streamlab.errors import InvalidRequestError, ModelNotFoundError, SourceError
from streamlab.lab.lab_camera import LabCamera
from streamlab.media.picture import Picture
from tests.detect.remote.test_leftovers import children_of, is_running

STREET = "synthetic://traffic?width=160&height=90&fps=30"
PATIENCE_S = 60.0


def nothing(_: NDArray[np.uint8]) -> sv.Detections:
    return sv.Detections.empty()


class Corner:
    """A detector of a user's own: finds one box in each picture, and knows who has called it."""

    name = "corner"
    kind: DetectorKind = "callable"

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.closed = 0

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        self.threads.add(threading.get_ident())
        boxes = np.array([[1, 2, 30, 40]], np.float32)
        return [sv.Detections(boxes, class_id=np.array([7])) for _ in pictures]

    def close(self) -> None:
        self.closed += 1


def until(condition: Callable[[], object]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < until_s:
        time.sleep(0.01)
    assert condition()


def finds(cam: LabCamera, boxes: int) -> bool:
    return len(cam.snapshot().boxes) == boxes


def is_well(cam: LabCamera) -> bool:
    annotated = cam.health.channels[-1]
    return annotated.detector is not None and annotated.detector.state == "ok"


def test_functions_of_the_kernel_find_objects_for_cameras_in_a_worker() -> None:
    with Lab(name="workers", workers=1) as lab:
        street = lab.add(STREET, "street", detector="truth")
        assert street.snapshot().raw.shape == (90, 160, 3)
        street.sync_tolerance_ms = 20
        assert street.sync_tolerance_ms == 20
        corner = Corner()
        street.detector = corner
        assert street.detector is corner
        until(lambda: finds(street, 1))
        other = lab.add(STREET, "other", detector=corner)
        until(lambda: finds(other, 1))
        assert len(corner.threads) == 1
        (worker,) = lab._runtime.manager.carrier.workers()
        assert worker.cameras == ("street", "other")
        street.detector = nothing
        until(lambda: finds(street, 0))
        assert street.detector.name == "nothing"
        assert corner.closed == 0
        lab.remove("other")
        until(lambda: corner.closed == 1)
        street.detector = "none"
        assert street.health.state == "live"
    assert corner.closed == 1


def test_what_draws_in_the_kernel_runs_there_with_the_detectors_of_the_workers() -> None:
    with Lab(name="workers", workers=1) as lab:

        def unchanged(rgb: NDArray[np.uint8], _: sv.Detections) -> NDArray[np.uint8]:
            return rgb

        corner = Corner()
        street = lab.add(STREET, "street", detector=corner)
        drawn = lab.add(STREET, "drawn", detector=corner, renderer=unchanged)
        model = lab.add(STREET, "model", renderer=unchanged)
        until(lambda: finds(street, 1) and finds(drawn, 1))
        assert len(corner.threads) == 1
        until(lambda: is_well(model))
        (worker,) = lab._runtime.manager.carrier.workers()
        assert worker.cameras == ("street",)
        with pytest.raises(InvalidRequestError, match="cannot be used in a worker process"):
            street.renderer = unchanged


def test_a_detector_whose_camera_is_refused_can_be_used_again() -> None:
    with Lab(name="workers", workers=1) as lab:
        corner = Corner()
        for _ in range(2):
            with pytest.raises(SourceError):
                lab.add("nowhere.mp4", detector=corner)
        with pytest.raises(ModelNotFoundError, match=r"nowhere\.onnx"):
            lab.add(STREET, detector="nowhere.onnx")
        with pytest.raises(SourceError):
            lab.add("nowhere.mp4", detector="street")
        pool = lab._runtime.manager.carrier.detectors  # type: ignore[attr-defined]
        until(lambda: not pool.processes)
        assert not corner.closed
        until(lambda: finds(lab.add(STREET, "street", detector=corner), 1))


def test_a_detector_that_was_loaded_already_is_loaded_again_where_it_is_used() -> None:
    with Lab(name="workers", workers=1, detector=load_detector("street")) as lab:
        street = lab.add(STREET, "street")
        pool = lab._runtime.manager.carrier.detectors  # type: ignore[attr-defined]
        until(lambda: [process.clients for process in pool.processes] == [1])
        assert is_well(street)


KERNEL = f"""
import time
from streamlab import Lab
if __name__ == "__main__":
    lab = Lab(workers=1, open_timeout=60)
    lab.add({STREET!r})
    print("ready", flush=True)
    while True:
        pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_kernel_that_ends_leaves_nothing_running(tmp_path: Path, how: signal.Signals) -> None:
    program = tmp_path / "kernel.py"
    program.write_text(KERNEL)
    with subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, text=True
    ) as kernel:
        try:
            assert kernel.stdout is not None
            assert kernel.stdout.readline() == "ready\n"
            children = children_of(kernel.pid)
            assert len(children) >= 4  # fork server, resource tracker, worker, detector
        finally:
            kernel.send_signal(how)
    until(lambda: not any(is_running(Path(f"/proc/{child}/stat")) for child in children))


FORGETFUL = f"""
import supervision as sv
from streamlab import Lab
if __name__ == "__main__":
    lab = Lab(workers=1)
    lab.add({STREET!r}, detector=DETECTOR).snapshot()
"""


@pytest.mark.parametrize("detector", ["'street'", "lambda rgb: sv.Detections.empty()"])
def test_a_program_that_closes_nothing_ends_without_a_word(tmp_path: Path, detector: str) -> None:
    program = tmp_path / "forgetful.py"
    program.write_text(FORGETFUL.replace("DETECTOR", detector))
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
