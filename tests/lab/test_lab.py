"""The facade, on a small street, as a script uses it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import httpx
import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab import Lab
from streamlab.core.truth_strip import CELLS, cell_bounds_px, strip_height_px, strip_number
from streamlab.errors import (
    InvalidRequestError,
    ModelError,
    SourceNotFoundError,
    UnknownCameraError,
)
from streamlab.lab.lab_camera import LabCamera
from streamlab.lab.runtime import LabClosedError

STREET = "synthetic://traffic?width=320&height=180&fps=10"
Rgb = NDArray[np.uint8]


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    """A lab with the camera ``street``, for tests that leave it as it was."""
    with Lab(name="shared") as made:
        made.add(STREET, "street", detector="truth")
        yield made


@pytest.fixture
def cam(shared: Lab) -> LabCamera:
    return shared["street"]


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(name="own") as made:
        yield made


def frame_number(rgb: Rgb) -> int | None:
    """Return what the truth strip of a picture shows."""
    height, width, _ = rgb.shape
    rows = rgb[2 : strip_height_px(height) - 2]
    bounds = (cell_bounds_px(cell, width) for cell in range(CELLS))
    return strip_number([float(rows[:, left + 2 : right - 2].mean()) for left, right in bounds])


def is_annotated(rgb: Rgb) -> bool:
    """Return whether the channel cell is white."""
    height = strip_height_px(rgb.shape[0])
    return bool(rgb[height + 2 : 2 * height - 2, 2:6].mean() > 128)


def one_box(rgb: Rgb) -> sv.Detections:
    """Find the same thing in every picture."""
    return sv.Detections(
        xyxy=np.array([[20, 60, 120, 120]], np.float32),
        confidence=np.array([0.9], np.float32),
        class_id=np.array([0]),
        data={"class_name": np.array(["thing"])},
    )


def blue(rgb: Rgb, detections: sv.Detections) -> Rgb:
    """Paint the whole picture."""
    return np.full_like(rgb, (0, 0, 255))


def labels(cam: LabCamera) -> set[object]:
    return {box[4] for box in cam.snapshot().boxes}


def wait_until(is_so: Callable[[], object]) -> None:
    """Ask until it is so: what was on its way is still as it was before."""
    while not is_so():
        pass


def test_a_snapshot_is_one_frame_in_both_channels(cam: LabCamera) -> None:
    wait_until(lambda: labels(cam))
    shot = cam.snapshot()
    assert shot.raw.shape == shot.annotated.shape == (180, 320, 3)
    assert shot.raw.dtype == shot.annotated.dtype == np.uint8
    assert frame_number(shot.raw) == frame_number(shot.annotated) == round(shot.pts / 9000)
    assert not is_annotated(shot.raw)
    assert is_annotated(shot.annotated)
    assert shot.boxes
    assert shot._repr_jpeg_().startswith(b"\xff\xd8")
    assert cam.snapshot(quality="low").pts > shot.pts


def test_detector_and_renderer_are_swapped_while_it_runs(cam: LabCamera) -> None:
    assert "thing" not in labels(cam)
    cam.detector = one_box
    wait_until(lambda: "thing" in labels(cam))
    assert cam.detector.name == "one_box"
    cam.renderer = blue
    assert (cam.snapshot().annotated[-20:] > 200).mean() < 0.4, "it shows what was just changed"
    cam.renderer = [sv.BoxAnnotator(), sv.LabelAnnotator()]
    cam.detector = "none"
    wait_until(lambda: not labels(cam))
    cam.renderer, cam.detector = None, "truth"
    assert cam._shown.camera.errors == []


def test_wrong_detectors_are_refused_in_words(cam: LabCamera) -> None:
    with pytest.raises(ModelError, match="int is not a detector"):
        cam.detector = 3  # type: ignore[assignment]
    with pytest.raises(ModelError, match="int is not a renderer"):
        cam.renderer = 3  # type: ignore[assignment]
    wait_until(lambda: labels(cam))


def test_sync_settings_act_at_once_and_are_checked(shared: Lab, cam: LabCamera) -> None:
    cam.sync_tolerance_ms, cam.policy = 20, "pair"
    cam.max_playout_delay_ms, cam.max_stale_fraction = 100, 0.5
    assert (cam.sync_tolerance_ms, cam.policy) == (20, "pair")
    assert (cam.max_playout_delay_ms, cam.max_stale_fraction) == (100, 0.5)
    with pytest.raises(InvalidRequestError, match="sync_tolerance_ms is -1, but it should be gr"):
        cam.sync_tolerance_ms = -1
    with pytest.raises(InvalidRequestError, match="policy is 'best', but it should be 'none', 'h"):
        cam.policy = "best"
    with pytest.raises(InvalidRequestError, match="setting colour is 3") as refused:
        Lab(name="other", colour=3)
    assert "sync_tolerance_ms" in refused.value.hint
    assert "pair within 20 ms" in repr(shared)
    cam.sync_tolerance_ms, cam.policy, cam.max_playout_delay_ms = 50, "hybrid", 250


def test_tables(shared: Lab, cam: LabCamera) -> None:
    recorded = cam.record_trace(1.5)
    frames = cam.frames()
    assert len(frames) > len(recorded) / 2
    assert frames["pts"].is_monotonic_increasing
    assert (frames["raw_bytes"] > 0).any()
    stats = cam.stats()
    assert list(stats.index) == ["raw", "annotated"]
    assert (stats["fps"] > 0).all()
    assert stats["drift_max_ms"].max() >= 0
    overview = shared.stats()
    assert overview.loc["street", "detector"] == cam.detector.name
    assert overview.loc["street", "viewers"] == 0


def test_a_trace_is_recorded_and_can_be_interrupted(cam: LabCamera) -> None:
    trace = cam.record_trace(0.5)
    assert len(trace) > 0
    assert trace.attrs["about"]["camera_id"] == "street"

    def followers() -> int:
        return cam._shown.runtime.ask(lambda: len(cam._shown.camera._running._event_streams))

    idle = followers()

    def interrupt_the_recording() -> None:
        wait_until(lambda: followers() > idle)
        os.kill(os.getpid(), signal.SIGINT)

    interrupt = threading.Thread(target=interrupt_the_recording)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # test workers ignore it
    interrupt.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            cam.record_trace(600)
    finally:
        interrupt.join()
        signal.signal(signal.SIGINT, before)
    cam.record_trace(0.2)
    assert not cam._shown.runtime.ask(lambda: cam._shown.camera.status().viewers.connections)


def test_faults(cam: LabCamera) -> None:
    cam.inject(preset="overload", lag_median_ms=80)
    assert cam._shown.camera.faults.lag_median_ms == 80
    cam.inject()
    assert not cam._shown.camera.faults.describe()
    with pytest.raises(InvalidRequestError, match="unknown fault 'rain'") as refused:
        cam.inject(rain=1)
    assert "stall_ms" in refused.value.hint
    assert refused.value.hint in refused.value.__notes__
    cam.inject(detector_dead=True, seconds=600)
    assert cam._shown.camera.faults.detector_dead
    cam.inject(detector_dead=True, seconds=0.05)
    wait_until(lambda: not cam._shown.camera.faults.describe())


def test_a_camera_of_the_same_name_takes_its_place(lab: Lab) -> None:
    cam = lab.add(STREET, "street", detector="none")
    other = lab.add("synthetic://traffic?width=160&height=90", "street", detector="truth")
    assert list(lab.cameras) == ["street"]
    assert lab["street"] is other
    assert cam.state == "closed"
    with pytest.raises(LabClosedError, match="'street' was removed"):
        cam.snapshot()
    assert other.snapshot().raw.shape == (90, 160, 3)


def test_names(lab: Lab) -> None:
    tiny = "synthetic://traffic?width=160&height=90"
    added = [lab.add(source, detector="truth") for source in (tiny, f"{tiny}&seed=2", tiny)]
    assert [cam.name for cam in added] == ["traffic", "traffic-2", "traffic"]
    assert [cam.name for cam in lab] == ["traffic-2", "traffic"]
    lab.remove("traffic-2")
    with pytest.raises(UnknownCameraError, match="no camera 'traffic-2'"):
        lab["traffic-2"]
    with pytest.raises(SourceNotFoundError):
        lab.add("nowhere.mp4")
    with pytest.raises(InvalidRequestError, match="not a valid camera id"):
        lab.add(tiny, "a/b")


def test_a_lab_of_the_same_name_takes_its_place() -> None:
    first = Lab(name="twice")
    cam = first.add(STREET, detector="truth")
    other = Lab(name="beside")
    second = Lab(name="twice")
    assert cam.state == "closed"
    assert repr(first) == "Lab('twice', closed)"
    with pytest.raises(LabClosedError, match="the lab is closed"):
        first.add(STREET, detector="truth")
    assert len(other) == len(second) == 0
    assert other.add(STREET, detector="truth").state == "live"
    for lab in (first, second, other):
        lab.close()
        lab.close()
    names = {thread.name for thread in threading.enumerate()}
    assert not {name for name in names if name.startswith("streamlab-")} - {"streamlab-shared"}


def test_the_server_is_on_the_same_cameras(lab: Lab) -> None:
    cam = lab.add(STREET, "street", detector="none")
    url = lab.serve()
    assert lab.serve() == url
    listed = httpx.get(f"{url}cameras", timeout=120).json()["cameras"]
    assert [each["camera_id"] for each in listed] == ["street"]
    change = {"sync_tolerance_ms": 33}
    assert httpx.patch(f"{url}cameras/street", json=change, timeout=120).status_code == 200
    assert cam.sync_tolerance_ms == 33
    lab.close()
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}cameras", timeout=120)


def run_python(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_end_of_the_process_is_the_end_of_the_lab() -> None:
    ended = run_python(
        "from streamlab import Lab\n"
        f"cam = Lab().add({STREET!r}, detector='truth')\n"
        "print(cam.snapshot().pts)\n"
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) >= 0


def test_the_package_itself_imports_nothing_heavy() -> None:
    ended = run_python(
        "import sys, streamlab\n"
        "print({'av', 'numpy', 'fastapi'} & set(sys.modules))\n"
        "from streamlab import Lab\n"
        "print({'pandas', 'anywidget', 'fastapi', 'holoviews'} & set(sys.modules))\n"
    )
    assert ended.stdout == "set()\nset()\n", ended.stderr


def test_a_source_that_cannot_be_opened_replaces_nothing(lab: Lab) -> None:
    tiny = "synthetic://traffic?width=160&height=90"
    cam = lab.add(tiny, "yard", detector="truth")
    with pytest.raises(SourceNotFoundError):
        lab.add("nowhere.mp4", "yard")
    assert lab["yard"] is cam
    assert cam.state == "live"


def test_a_camera_that_was_removed_over_http_can_be_added_again(lab: Lab) -> None:
    tiny = "synthetic://traffic?width=160&height=90"
    lab.add(tiny, "yard", detector="truth")
    lab.add(tiny, "gate", detector="truth")
    for name in ("yard", "gate"):
        lab._runtime.call(lab._runtime.manager.forget_camera(name))
    assert lab.add(tiny, "yard", detector="truth").state == "live"
    lab.remove("gate")
    assert list(lab.cameras) == ["yard"]


class Check:
    def __init__(self) -> None:
        self.calls = 0

    def check(self) -> None:
        self.calls += 1
        raise ValueError("on purpose")

    def close(self) -> None:
        pass


def test_a_check_that_fails_stops_no_other(lab: Lab) -> None:
    checks = [Check(), Check()]
    for each in checks:
        lab._runtime.check_regularly(each)
    wait_until(lambda: all(each.calls > 1 for each in checks))
