"""The kernel's side of the widget: a front end is played that says what a page would say."""

from __future__ import annotations

import json
import queue
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

pytest.importorskip("anywidget")

import comm
import ipywidgets  # type: ignore[import-untyped,unused-ignore]
import traitlets
from comm.base_comm import BaseComm

from streamlab import Lab
from streamlab.lab import credit, feeds
from streamlab.lab.displays import ANNOUNCED
from streamlab.lab.lab_camera import LabCamera
from streamlab.lab.widget import CameraView, DriftPlot
from tests.wire.sse import Event, EventParser

STREET = "synthetic://traffic?width=320&height=180&fps=10"
TIMEOUT_S = 300.0
BOTH = {"initial_channel": "both", "raw_quality": "medium", "annotated_quality": "medium"}


Messages: TypeAlias = "queue.Queue[tuple[dict[str, Any], list[bytes]]]"


@dataclass(frozen=True, slots=True)
class Batch:
    """What came in one message of type ``events``."""

    view_id: str
    number: int
    events: list[Event]
    buffers: list[bytes]

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]


class FrontEnd(BaseComm):
    """The other end of a comm: keeps what it is sent, and says what a page would say."""

    def __init__(self, **options: Any) -> None:
        self.messages: dict[str, Messages] = {
            kind: queue.Queue() for kind in ("events", "reply", "reopen", "refused")
        }
        super().__init__(**options)

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        if msg_type == "comm_msg" and data["method"] == "custom":
            self.messages[data["content"]["type"]].put((data["content"], buffers or []))

    def say(self, **content: Any) -> None:
        data = {"method": "custom", "content": content}
        self.handle_msg({"content": {"data": data}, "buffers": []})

    def take(self, kind: str) -> tuple[dict[str, Any], list[bytes]]:
        """Return the next message of this type."""
        return self.messages[kind].get(timeout=TIMEOUT_S)

    def batch(self) -> Batch:
        """Return the next batch of events."""
        content, buffers = self.take("events")
        events = EventParser().receive(content["text"].encode())
        return Batch(content["view_id"], content["number"], events, buffers)

    def batches(self, view_id: str) -> Iterator[Batch]:
        """Yield the batches of one view; each is acknowledged when the next is asked for."""
        while True:
            batch = self.batch()
            if batch.view_id == view_id:
                yield batch
                self.say(type="ack", view_id=view_id, number=batch.number)

    def ask(self, **content: Any) -> dict[str, Any]:
        """Make a request and return its answer."""
        self.say(type="request", id=1, **content)
        return self.take("reply")[0]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(name="widget") as made:
        made.add(STREET, "street", detector="truth")
        yield made


@pytest.fixture
def cam(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabCamera]:
    monkeypatch.setattr(comm, "create_comm", FrontEnd)
    yield lab["street"]
    ipywidgets.Widget.close_all()


def front_end_of(view: CameraView | DriftPlot) -> FrontEnd:
    assert isinstance(view.comm, FrontEnd)
    return view.comm


def viewers(cam: LabCamera) -> int:
    return cam._shown.runtime.ask(lambda: cam._shown.camera.status().viewers.connections)


def test_a_view_is_sent_events_and_the_bytes_of_their_fragments(cam: LabCamera) -> None:
    view = cam.view()
    page = front_end_of(view)
    page.say(type="open", view_id="a", query=BOTH)
    batches = page.batches("a")
    first = next(batches)
    assert [event.name for event in first.events][:1] == ["connected"]
    assert first.events[0].data["channels"] == ["raw", "annotated"]
    newest: dict[str, int] = {}
    for batch in batches:
        fragments = batch.named("fragment")
        assert len(fragments) == len(batch.buffers)
        for event, data in zip(fragments, batch.buffers, strict=True):
            channel, sequence = event.data["channel"], event.data["sequence"]
            assert data[4:8] == b"moof"
            assert sequence == newest.get(channel, sequence - 1) + 1
            newest[channel] = sequence
        if len(newest) == 2 and batch.named("frames"):
            break
    page.say(type="close", view_id="a")
    cam.snapshot()
    assert viewers(cam) == 0


def test_without_credit_nothing_is_sent_and_then_a_gap(
    cam: LabCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credit, "MAX_LAG_S", 0.3)
    monkeypatch.setattr(cam._shown.runtime.manager.settings, "client_queue_fragments", 4)
    view = cam.view("raw")
    page = front_end_of(view)
    page.say(type="open", view_id="a", query={**BOTH, "initial_channel": "raw"})
    while not page.batch().named("fragment"):
        pass
    recorded = 0
    while recorded < 25:
        recorded += len(cam.record_trace(1.0))
    held = page.messages["events"].qsize()
    assert held < 15, "most of 25 frames are held back"
    last = [page.batch() for _ in range(held)][-1] if held else None
    page.say(type="ack", view_id="a", number=last.number if last else 1)
    batch = page.batch()
    assert [event.data["reason"] for event in batch.named("gap")] == ["slow_client"]
    assert batch.named("fragment")[0].data["keyframe"]


def test_a_view_that_says_nothing_is_given_up(
    cam: LabCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credit, "GONE_S", 3600.0)
    view = cam.view()
    front_end_of(view).say(type="open", view_id="a", query=BOTH)
    front_end_of(view).batch()
    assert viewers(cam) == 1
    monkeypatch.setattr(credit, "GONE_S", 0.5)
    while viewers(cam):
        cam.record_trace(0.2)
    monkeypatch.setattr(credit, "GONE_S", 3600.0)
    front_end_of(view).say(type="open", view_id="a", query=BOTH)
    assert viewers(cam) == 1


def test_what_is_displayed_is_sent_before_anybody_asks(cam: LabCamera) -> None:
    view = cam.view()
    page = front_end_of(view)
    bundle = view._repr_mimebundle_()
    assert bundle[0]["image/jpeg"].startswith(b"\xff\xd8")
    hellos: list[list[str]] = []
    inits: set[str] = set()
    while len(hellos) < 3:
        batch = page.batch()
        assert batch.view_id == ANNOUNCED
        if any(event.data["keyframe"] for event in batch.named("fragment")):
            hellos.append([event.data["connection_id"] for event in batch.named("connected")])
            inits = {event.data["channel"] for event in batch.named("init")}
    assert inits == {"raw", "annotated"}
    assert hellos[0] == hellos[-1], "it is repeated for who comes late"
    page.say(type="open", view_id="a", query=BOTH)
    first = next(page.batches("a"))
    assert first.named("connected")[0].data["connection_id"] != hellos[0][0]
    assert viewers(cam) == 1


def test_requests_are_answered(cam: LabCamera) -> None:
    view = cam.view("raw")
    page = front_end_of(view)
    page.say(type="open", view_id="a", query={**BOTH, "initial_channel": "raw"})
    page.batch()
    values = {"sync_tolerance_ms": 20, "policy": "pair"}
    assert page.ask(view_id="a", action="sync", values=values)["ok"]
    assert (cam.sync_tolerance_ms, cam.policy) == (20, "pair")
    assert (view.sync_tolerance_ms, view.policy) == (20, "pair")
    refused = page.ask(view_id="a", action="sync", values={"sync_tolerance_ms": -1})
    assert refused["status"] == 422
    assert "greater than 0" in refused["detail"]
    unknown = page.ask(view_id="a", action="sync", values={"colour": 1})
    assert "colour" in unknown["detail"]
    assert page.ask(view_id="a", action="inject", faults={"preset": "overload"}, seconds=9)["ok"]
    assert cam._shown.camera.faults.describe()
    assert not page.ask(view_id="b", action="switch", channel="annotated")["ok"]
    while True:
        answer = page.ask(view_id="a", action="switch", channel="annotated")
        if answer.get("status") != 504:  # it waits no longer than a user would, and says so
            break
    assert answer["ok"]
    assert any(batch.named("switched") for batch in page.batches("a"))


def test_views_of_a_camera_share_its_encoders_and_switch_together(cam: LabCamera) -> None:
    one, other = cam.view("raw"), cam.view("overlay")
    for view in (one, other):
        front_end_of(view).say(type="open", view_id="a", query=BOTH)
        front_end_of(view).batch()
    assert viewers(cam) == 2
    while len(cam._shown.runtime.ask(lambda: dict(cam._shown.camera._running.stream.rings))) < 2:
        cam.snapshot()
    assert len(cam._shown.runtime.ask(lambda: dict(cam._shown.camera._running.stream.rings))) == 2
    cam.switch("annotated")
    assert (one.view, other.view) == ("annotated", "annotated")
    cam.switch()
    assert (one.view, other.view) == ("raw", "raw")
    one.sync_tolerance_ms = 33
    assert (cam.sync_tolerance_ms, other.sync_tolerance_ms) == (33, 33)
    with pytest.raises(traitlets.TraitError):
        cam.switch("sideways")  # type: ignore[arg-type]
    one.close()
    other.close()
    assert viewers(cam) == 0


def test_views_are_bounded(cam: LabCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_VIEWS", 3)
    view = cam.view()
    page = front_end_of(view)
    for number in range(6):
        page.say(type="open", view_id=str(number), query=BOTH)
    assert viewers(cam) == 3


def test_a_view_follows_the_camera_that_takes_the_place(lab: Lab, cam: LabCamera) -> None:
    view = cam.view()
    page = front_end_of(view)
    page.say(type="open", view_id="a", query=BOTH)
    page.batch()
    tiny = "synthetic://traffic?width=160&height=90&fps=10"
    other = lab.add(tiny, "street", detector="none")
    assert page.take("reopen")
    assert (view.width, view.height) == (160, 90)
    page.say(type="open", view_id="a", query=BOTH)
    batches = page.batches("a")
    assert any(event.data["width"] == 160 for batch in batches for event in batch.named("init"))
    other.sync_tolerance_ms = 21
    assert view.sync_tolerance_ms == 21


def test_a_drift_plot_is_sent_figures_and_no_pictures(cam: LabCamera) -> None:
    plot = cam.drift_plot(20)
    page = front_end_of(plot)
    page.say(type="open", view_id="a", query={"initial_channel": "none"})
    drifts_ms: list[float] = []
    for batch in page.batches("a"):
        assert not batch.buffers
        for event in batch.named("frames"):
            assert event.data["sync_tolerance_ms"] == cam.sync_tolerance_ms
            assert len(event.data["pts"]) == len(event.data["drift_ms"])
            drifts_ms += event.data["drift_ms"]
        if len(drifts_ms) > 5:
            break


def test_a_message_of_nobody_harms_nobody(cam: LabCamera) -> None:
    view = cam.view()
    page = front_end_of(view)
    page.say(type="ack", view_id="x", number=3)
    page.say(type="dance")
    page.say()
    assert viewers(cam) == 0


def test_a_widget_is_one_module_that_imports_nothing() -> None:
    for widget in (CameraView, DriftPlot):
        text = str(widget._esm)
        assert not re.search(r"^import\b", text, re.MULTILINE)
        assert len(re.findall(r"^export\b", text, re.MULTILINE)) == 1
        json.dumps(text)
