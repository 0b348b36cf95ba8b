"""What is wrong with a camera is said where a user of a lab looks, until it is over."""

from __future__ import annotations

import itertools
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
import supervision as sv
from jupyter_client.manager import start_new_kernel

from streamlab import CameraHealth, CameraWarning, Lab
from streamlab.lab.health_warnings import MAX_REASONS
from streamlab.lab.lab_camera import LabCamera
from tests.lab.test_lab import Rgb, blue, wait_until

STREET = "synthetic://traffic?width=320&height=180&fps=10"
TIMEOUT_S = 120.0


def blind(rgb: Rgb) -> sv.Detections:
    raise ValueError("cannot see")


def no_ink(rgb: Rgb, detections: sv.Detections) -> Rgb:
    raise ValueError("no ink")


@pytest.fixture
def cam() -> Iterator[LabCamera]:
    with Lab(name="health") as lab:
        added = lab.add(STREET, "street", detector="truth")
        lab.serve()
        yield added


def after_some_frames(cam: LabCamera) -> LabCamera:
    """Watch the camera for a moment: nothing is detected or drawn for nobody."""
    cam.frames(1)
    return cam


def test_a_camera_that_is_well_says_so(cam: LabCamera) -> None:
    wait_until(lambda: after_some_frames(cam).health.is_well)
    assert repr(cam.health) == "CameraHealth(live)\n  All is well."
    assert "\n" not in repr(cam)


@pytest.mark.parametrize(
    ("part", "broken", "well", "said"),
    [
        ("detector", blind, "truth", "Detector blind is failing: ValueError: cannot see ("),
        ("renderer", no_ink, blue, "Renderer no_ink is failing: ValueError: no ink ("),
    ],
)
def test_what_fails_is_said_and_warned_of_at_the_line_that_set_it(
    cam: LabCamera, part: str, broken: Any, well: Any, said: str
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        setattr(cam, part, broken)
        wait_until(lambda: said in repr(after_some_frames(cam)))
        wait_until(lambda: caught)
        assert any(problem.startswith(said) for problem in cam.health.problems)
        (warning,) = caught
        assert warning.category is CameraWarning
        assert str(warning.message).startswith(f"camera 'street': {said}")
        assert Path(warning.filename) == Path(__file__)
        setattr(cam, part, well)
        wait_until(lambda: said not in repr(after_some_frames(cam)))
        assert len(caught) == 1


def test_an_error_that_is_another_one_for_every_picture_fills_no_notebook(cam: LabCamera) -> None:
    letters = itertools.cycle("abcdefghijklmnopqrstuvwxyz")

    def unsteady(rgb: Rgb) -> sv.Detections:
        raise ValueError(f"not {next(letters)}")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cam.detector = unsteady
        wait_until(lambda: after_some_frames(cam).health.problems and len(caught) >= MAX_REASONS)
        for _ in range(4):
            cam._shown.runtime.ask(cam._shown.warnings.check)
            after_some_frames(cam)
        assert len(caught) == MAX_REASONS


def test_faults_that_were_asked_for_are_no_reason_to_warn(cam: LabCamera) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cam.inject(detector_dead=True)
        wait_until(lambda: "dead" in repr(after_some_frames(cam)))
        cam._shown.runtime.ask(cam._shown.warnings.check)
        cam.inject()


def test_a_camera_that_was_removed_is_closed(cam: LabCamera) -> None:
    cam._shown.runtime.close()
    assert cam.health == CameraHealth("closed")
    assert "closed" in repr(cam)


class Kernel:
    """A Jupyter kernel whose messages are kept by the cell that they are for."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.texts: dict[str, str] = {}

    def run(self, code: str) -> str:
        """Run a cell to its end; return its id."""
        cell = str(self._client.execute(code))
        while self._read() != (cell, "idle"):
            pass
        return cell

    def wait_for(self, cell: str, text: str) -> None:
        """Wait until this text has appeared in the cell, finished as it is."""
        end_s = time.monotonic() + TIMEOUT_S
        while text not in self.texts.get(cell, ""):
            assert time.monotonic() < end_s, self.texts
            self._read(1.0)

    def _read(self, timeout_s: float = TIMEOUT_S) -> tuple[str, str]:
        try:
            message = self._client.get_iopub_msg(timeout=timeout_s)
        except Empty:
            return "", ""
        cell, content = message["parent_header"].get("msg_id", ""), message["content"]
        shown = content.get("text") or content.get("data", {}).get("text/plain", "")
        self.texts[cell] = (
            self.texts.get(cell, "") + shown + "\n".join(content.get("traceback", ()))
        )
        return cell, content.get("execution_state", "")


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel(kernel_name="python3")
    yield Kernel(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_the_warning_appears_in_the_cell_that_caused_it(kernel: Kernel) -> None:
    kernel.run("from streamlab import Lab")
    added = kernel.run(f"lab = Lab()\ncam = lab.add({STREET!r}, 'street')")
    caused = kernel.run("def blind(rgb):\n    raise ValueError('no')\n\ncam.detector = blind")
    looked = kernel.run("_ = cam.frames(1)")
    kernel.wait_for(caused, "CameraWarning: camera 'street': Detector blind is failing")
    assert "cam.detector = blind" in kernel.texts[caused]
    shown = kernel.run("cam.health")
    expected = "CameraHealth(live)\n  Detector blind is failing: ValueError: no ("
    assert expected in kernel.texts[shown]
    assert "Warning" not in kernel.texts[added] + kernel.texts[looked]
