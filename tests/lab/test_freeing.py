"""What becomes of views that nobody refers to, and of views whose camera was removed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

pytest.importorskip("anywidget")

import comm
import ipywidgets  # type: ignore[import-untyped,unused-ignore]
from ipywidgets.widgets.widget import _instances  # type: ignore[import-untyped,unused-ignore]

from streamlab import Lab
from streamlab.errors import StreamlabError
from streamlab.lab import displays
from streamlab.lab.displays import DISPLAYS
from streamlab.lab.lab_camera import LabCamera
from streamlab.lab.runtime import LabClosedError
from streamlab.lab.widget import CameraView
from tests.lab.test_widget import BOTH, STREET, FrontEnd, front_end_of, viewers
from tests.leftovers import CAMERA_PARTS, count_new_objects, count_objects, wait_for


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(name="freeing") as made:
        yield made


@pytest.fixture
def before() -> dict[str, int]:
    """What earlier tests have left of their cameras. List it before ``cam``."""
    return count_objects(CAMERA_PARTS)


@pytest.fixture
def cam(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabCamera]:
    monkeypatch.setattr(comm, "create_comm", FrontEnd)
    yield lab.add(STREET, "street", detector="truth")
    ipywidgets.Widget.close_all()


def open_display(view: CameraView, view_id: str = "a") -> FrontEnd:
    page = front_end_of(view)
    page.say(type="open", view_id=view_id, query=BOTH)
    page.batch()
    return page


def is_gone(view: ref[CameraView]) -> bool:
    gc.collect()
    return view() is None


def test_a_view_that_nobody_refers_to_is_closed(cam: LabCamera) -> None:
    view = cam.view()
    page, model_id, reference = front_end_of(view), view.model_id, ref(view)
    del view
    assert is_gone(reference)
    assert page._closed
    assert model_id not in _instances
    assert not _instances, "its layout is closed, too"


def test_a_displayed_view_plays_without_a_reference_until_it_is_removed(cam: LabCamera) -> None:
    view = cam.view()
    view._repr_mimebundle_()
    page, reference = open_display(view), ref(view)
    del view
    assert not is_gone(reference)
    batches = page.batches("a")
    while not next(batches).named("fragment"):
        pass
    page.say(type="keep", view_id="a")  # it is scrolled out of sight
    assert not is_gone(reference)
    assert viewers(cam) == 0
    page.say(type="leave", view_id="a")  # the page reloads
    assert not is_gone(reference)
    page.say(type="open", view_id="b", query=BOTH)
    while page.batch().view_id != "b":
        pass
    page.say(type="close", view_id="b")
    assert is_gone(reference)
    assert viewers(cam) == 0


@pytest.mark.parametrize("opened", [False, True])
def test_a_view_whose_front_end_is_silent_is_closed(
    cam: LabCamera, monkeypatch: pytest.MonkeyPatch, opened: bool
) -> None:
    monkeypatch.setattr(displays, "SILENT_S" if opened else "UNOPENED_S", 0.3)
    view = cam.view()
    page, reference = front_end_of(view), ref(view)
    view.announce()
    if opened:
        page.say(type="open", view_id="a", query=BOTH)
    del view
    assert wait_for(lambda: {"gone": is_gone(reference)}, {"gone": True}) == {"gone": True}
    assert page._closed


def test_a_view_in_a_box_is_displayed_later(cam: LabCamera) -> None:
    box = ipywidgets.HBox([cam.view()])
    gc.collect()
    page = open_display(box.children[0])
    assert page.batch().events
    page.say(type="close", view_id="a")
    page = open_display(box.children[0], "b")
    assert page.batch().events
    box.close()


def test_a_grid_lives_as_long_as_one_of_its_views_is_displayed(lab: Lab, cam: LabCamera) -> None:
    lab.add(f"{STREET}&seed=2", "yard", detector="truth")
    grid = lab.grid()
    grid._repr_mimebundle_()
    pages = [open_display(view) for view in grid.children]
    reference = ref(grid)
    del grid
    pages[0].say(type="close", view_id="a")
    assert not is_gone(reference)
    pages[1].say(type="close", view_id="a")
    assert is_gone(reference)
    assert not _instances


def test_views_let_go_of_a_removed_camera(before: dict[str, int], lab: Lab, cam: LabCamera) -> None:
    view, plot, grid = cam.view(), cam.drift_plot(), lab.grid()
    page = open_display(view)
    tolerance_ms, described = cam.sync_tolerance_ms, repr(cam)
    lab.remove("street")
    assert wait_for(lambda: count_new_objects(before, CAMERA_PARTS), {}) == {}
    assert (repr(view), repr(plot)) == ("CameraView('street')", "DriftPlot('street')")
    assert repr(grid) == "CameraGrid(['street'])"
    assert repr(cam) == described.replace(", live,", ", closed,")
    assert view.sync_tolerance_ms == cam.sync_tolerance_ms == tolerance_ms
    assert view._repr_mimebundle_() is not None
    with pytest.raises(LabClosedError, match="'street' was removed"):
        view.sync_tolerance_ms = 33
    with pytest.raises(StreamlabError, match="'street' was removed"):
        cam.detector  # noqa: B018
    page.say(type="open", view_id="b", query=BOTH)
    assert "'street' was removed" in page.take("refused")[0]["detail"]
    assert "removed" in page.ask(view_id="b", action="sync", values={})["detail"]
    assert view in DISPLAYS, "its front end shows that it has ended"
    page.say(type="close", view_id="a")
    page.say(type="close", view_id="b")
    view.close()


def test_views_let_go_of_a_closed_lab(before: dict[str, int], lab: Lab, cam: LabCamera) -> None:
    kept = [cam.view(), cam.drift_plot()]
    open_display(kept[0])
    lab.close()
    assert wait_for(lambda: count_new_objects(before, CAMERA_PARTS), {}) == {}
    assert cam.state == "closed"


def test_a_view_of_a_wrong_kind_leaves_nothing(cam: LabCamera) -> None:
    with pytest.raises(Exception, match="sideways"):
        cam.view("sideways")  # type: ignore[arg-type]
    gc.collect()
    assert not _instances
