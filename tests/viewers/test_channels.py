"""Cameras with no, one, two and three annotated channels, from the pipeline to the wire."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

import pytest

from streamlab.core.channels import View
from streamlab.errors import InvalidRequestError
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.reader import Reader
from streamlab.viewers.reports import camera_report, stream_report, sync_report
from tests.core.viewers import parse
from tests.viewers.producers import producer_of
from tests.viewers.still_camera import StillCamera
from tests.viewers.virtual import VirtualTime

NAMES = ("annotated", "pose", "plates")
COUNTS = pytest.mark.parametrize("names", [NAMES[:count] for count in range(4)], ids=len)
Test = Callable[[Sequence[str]], Coroutine[Any, Any, None]]


def on_virtual_time(test: Test) -> Callable[[Sequence[str]], None]:
    @wraps(test)
    def run(names: Sequence[str]) -> None:
        VirtualTime().run(lambda: test(names))

    return run


def watch(camera: StillCamera, channels: Sequence[str]) -> Reader:
    viewers = ChannelSubscriptionManager(StreamChannelManager(Settings()))
    return viewers.read([(camera, viewers.open(camera, channels))])


@COUNTS
@on_virtual_time
async def test_a_viewer_gets_every_channel_on_one_timeline(names: Sequence[str]) -> None:
    camera = StillCamera(annotated=names)
    assert camera.channels == ("raw", *names)
    reader = watch(camera, camera.channels)
    await camera.capture(5)
    events = parse(reader.take())
    assert events[0]["channels"] == ["raw", *names]
    assert (events[0]["detector"] is None) is (not names)
    assert {e["channel"] for e in events if e["event"] == "health"} == {"raw", *names}
    pts = {
        name: [e["pts"] for e in events if e["event"] == "fragment" and e["channel"] == name]
        for name in camera.channels
    }
    assert set(map(tuple, pts.values())) == {tuple(pts["raw"])}
    assert len(pts["raw"]) == 5


@COUNTS
@on_virtual_time
async def test_switches_name_their_channels_raw_first(names: Sequence[str]) -> None:
    camera = StillCamera(annotated=names)
    viewers = ChannelSubscriptionManager(StreamChannelManager(Settings()))
    connection = viewers.open(camera, ["raw"])
    reader = viewers.read([(camera, connection)])
    await camera.capture(3)
    reader.take()
    for name in names:
        view = View.of([name, "raw"])
        done, _ = await viewers.switch(camera, connection, view)
        expected = "both" if name == "annotated" else f"raw,{name}"
        assert done.channel == expected
        switched = next(e for e in parse(reader.take()) if e["event"] == "switched")
        assert switched["channel"] == expected
        assert connection.channels == ("raw", name)
    with pytest.raises(InvalidRequestError, match="no channel 'depth'"):
        await viewers.switch(camera, connection, View("depth"))
    with pytest.raises(InvalidRequestError, match="no channel 'depth'"):
        viewers.open(camera, ["depth"])


@COUNTS
@on_virtual_time
async def test_detections_and_sync_are_told_by_channel(names: Sequence[str]) -> None:
    camera = StillCamera(annotated=names)
    viewers = ChannelSubscriptionManager(StreamChannelManager(Settings()))
    connection = viewers.open(camera, ["raw"])
    camera.subscribe_detections(connection, wanted=True)
    reader = viewers.read([(camera, connection)])
    await camera.capture(2)
    events = parse(reader.take())
    found = [(e["channel"], e["pts"]) for e in events if e["event"] == "detections"]
    assert sorted(found) == sorted((name, pts) for name in names for pts in (0, 3000))
    report = producer_of(camera)._controller.report(0)
    assert set(report.channels if report else ()) == set(names)


@COUNTS
@on_virtual_time
async def test_a_status_lists_every_channel(names: Sequence[str]) -> None:
    camera = StillCamera(annotated=names)
    reader = watch(camera, camera.channels)
    await camera.capture(4)
    reader.take()
    status = camera.status()
    assert [each.name for each in status.channels] == ["raw", *names]
    assert {each.kind for each in status.channels[1:]} <= {"annotated"}
    assert {
        name: each.released for name, each in status.stream.channel_counts.items()
    } == dict.fromkeys(camera.channels, 4)
    metadata = camera.channel_metadata()
    assert list(metadata) == ["raw", *names]
    assert {(each.pts, each.quality) for each in metadata.values()} == {(9000, "medium")}
    assert {each.drift_ms is None for each in list(metadata.values())[1:]} <= {False}
    listed = camera_report(status)
    assert (listed["detector"] == {"name": "none", "kind": "none"}) is (not names)
    stream_report(status.stream)
    figures = sync_report(await camera.sync_figures(60.0))
    assert (figures["drift_ms"] is None) is (not names)


@on_virtual_time
async def _quality_auto(names: Sequence[str]) -> None:
    camera = StillCamera(annotated=names)
    connection = camera.join("viewer", camera.channels, dict.fromkeys(camera.channels, "auto"))
    assert {str(key.quality) for key in connection.encodings} == {"medium"}
    with pytest.raises(InvalidRequestError, match="the pose channel has no quality 'source'"):
        camera.subscribe(connection, "pose", "source")


def test_quality_auto_is_resolved_when_a_viewer_joins() -> None:
    _quality_auto(NAMES)
