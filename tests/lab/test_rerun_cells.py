"""A cell that is run again and again, in a real kernel, leaves nothing behind."""

from __future__ import annotations

import pytest

pytest.importorskip("anywidget")

from tests.lab.played_page import PlayedPage
from tests.leftovers import wait_for

SOURCE = "synthetic://traffic?width=160&height=90&fps=10"
SETUP = """
from streamlab import Lab
from streamlab.lab import displays
from tests.leftovers import count_objects
lab = Lab()
"""
OTHER_LAB = f"lab = Lab(); cam = lab.add({SOURCE!r}, detector='truth')"
SAME_LAB = f"cam = lab.add({SOURCE!r}, 'street', detector='truth')"
VIEWS = "display(cam.view(), cam.view(), cam.view())"
GRID_AND_PLOT = "display(lab.grid(), cam.drift_plot())"
CAMERA = {"Camera": 1, "RunningCamera": 1, "CameraPipeline": 1, "DetectionService": 1}
ONE_CAMERA = {"Runtime": 1, "ShownCamera": 1, **CAMERA}
RUNS = [pytest.param(6, id="6"), pytest.param(60, id="60", marks=pytest.mark.long)]


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize(("camera", "shown"), [(SAME_LAB, VIEWS), (OTHER_LAB, GRID_AND_PLOT)])
def test_what_no_page_opens_is_given_up(camera: str, shown: str, runs: int) -> None:
    with PlayedPage(opens=False) as page:
        page.run(SETUP + "displays.UNOPENED_S = 0.5")
        for _ in range(runs):
            page.run(f"{camera}\n{shown}")
        left = wait_for(lambda: page.ask("count_objects()"), ONE_CAMERA)
        assert left == ONE_CAMERA
        assert page.ask("len(__import__('comm').get_comm_manager().comms)") == 0


@pytest.mark.parametrize("runs", RUNS)
def test_what_a_page_has_closed_is_freed(runs: int) -> None:
    with PlayedPage(opens=True) as page:
        page.run(SETUP)
        for _ in range(runs):
            page.run(f"{OTHER_LAB}\n{VIEWS}")
        views = {"CameraView": 3, "WeakLayout": 3, "ViewFeeds": 3, "ViewFeed": 3}
        left = wait_for(lambda: page.ask("count_objects()"), {**ONE_CAMERA, **views})
        assert left == {**ONE_CAMERA, **views}, "the last three are displayed"
        page.run("")
        assert wait_for(lambda: page.ask("count_objects()"), ONE_CAMERA) == ONE_CAMERA


def test_what_the_notebook_keeps_lets_go_of_its_camera() -> None:
    with PlayedPage(opens=False) as page:
        page.run(SETUP + "displays.UNOPENED_S = 0.5")
        for last in ("cam.view()", "cam.drift_plot()", "lab.grid()", "cam", "lab", "cam.view()"):
            page.run(f"{OTHER_LAB}\n{last}")

        def cameras() -> dict[str, int]:
            return {
                name: page.ask(f"count_objects({tuple(CAMERA)!r})").get(name) for name in CAMERA
            }

        assert wait_for(cameras, CAMERA) == CAMERA
