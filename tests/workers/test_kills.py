"""Processes of a real server are killed, crash or hang while viewers watch over HTTP.

The viewers of cameras that are lost see a pause on the connection that they have; those of the
others see nothing. ``benchmarks/worker_soak.py`` measures how long the pause is.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from benchmarks.measure.memory import children

from tests.fakes.streamlab_process import StreamlabProcess

from .viewing import Viewer, drifts_ms, has_fresh_boxes, holes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
VIEWERS = 20
CAMERAS = ("left", "right")
STREET = "synthetic://traffic?width=160&height=90&fps=10"
TOLERANCE_MS = 50.0
CALM = 12
"""Live fragments that each viewer gets before a kill, to compare with."""
MOST_WORSE = 0.5
"""Of the share of frames within the tolerance, viewers of other cameras keep at least this."""
WAYS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP)


class Watched:
    """A server with a camera in each of two workers, and its viewers."""

    def __init__(self, server: StreamlabProcess, viewers: list[Viewer]) -> None:
        self.viewers = viewers
        self._server = server

    def workers(self) -> dict[str, int]:
        """Return the process of each camera."""
        stats = httpx.get(f"{self._server.url}/streams/dual-channel/stats", timeout=60).json()
        return {name: each["pid"] for each in stats["workers"] for name in each["cameras"]}

    def detector(self) -> int | None:
        """Return the process of the model: what the fork server runs beside the workers."""
        started = {
            each for server in children(self._server.process.pid) for each in children(server)
        }
        return next(iter(started - set(self.workers().values())), None)

    def calm(self) -> list[int]:
        """Let each viewer get ``CALM`` fragments; return the place before them."""
        starts = [len(viewer) for viewer in self.viewers]
        for viewer, start in zip(self.viewers, starts, strict=True):
            viewer.wait_for_live(start, CALM)
        return starts


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    cameras = [f"--camera={name}={STREET}&seed={len(name)}" for name in CAMERAS]
    arguments = (*cameras, "--workers", "2", "--model", "street")
    log_path = tmp_path_factory.mktemp("server") / "log"
    with ExitStack() as stack:
        server = stack.enter_context(StreamlabProcess(log_path, *arguments, detector_timeout=3))
        names = CAMERAS * (VIEWERS // len(CAMERAS))
        viewers = [stack.enter_context(Viewer(server.url, name)) for name in names]
        for viewer in viewers:
            viewer.wait_for(has_fresh_boxes, 0)
        yield Watched(server, viewers)


def within(viewers: list[Viewer], starts: list[int]) -> float:
    """Return the share of frames whose channels arrived within the tolerance."""
    drifts = [
        drift_ms
        for viewer, start in zip(viewers, starts, strict=True)
        for drift_ms in drifts_ms(viewer, start)
    ]
    return sum(drift_ms <= TOLERANCE_MS for drift_ms in drifts) / len(drifts)


def check_undisturbed(viewers: list[Viewer], starts: list[int], share_before: float) -> None:
    """Check that nothing is missing, and that channels came as close together as before."""
    for viewer, start in zip(viewers, starts, strict=True):
        assert not viewer.events("gap", start)
        assert not viewer.events("source", start)
        assert holes(viewer, start) == 0
    assert within(viewers, starts) >= MOST_WORSE * share_before


@pytest.mark.parametrize(("way", "camera"), list(zip(WAYS, ("left", "right", "left"), strict=True)))
def test_a_worker_that_ends_or_hangs_is_a_pause_for_its_viewers_only(
    watched: Watched, way: signal.Signals, camera: str
) -> None:
    lost = [viewer for viewer in watched.viewers if viewer.camera_id == camera]
    others = [viewer for viewer in watched.viewers if viewer.camera_id != camera]
    calm_starts = watched.calm()
    share_before = within(watched.viewers, calm_starts)
    starts = {viewer: len(viewer) for viewer in watched.viewers}
    os.kill(watched.workers()[camera], way)
    for viewer in lost:
        place = viewer.wait_for(
            lambda event: event.name == "source" and event.data["state"] == "reconnecting",
            starts[viewer],
        )
        place = viewer.wait_for(has_fresh_boxes, viewer.wait_for_live(place))
        states = [event.data["state"] for event in viewer.events("source", starts[viewer])]
        assert states == ["reconnecting", "live"]
        assert holes(viewer, starts[viewer]) == 0 or viewer.events("gap", starts[viewer])
    watched.calm()
    check_undisturbed(others, [starts[viewer] for viewer in others], share_before)


@pytest.mark.parametrize("way", WAYS)
def test_a_detector_that_ends_or_hangs_is_a_pause_for_no_viewer(
    watched: Watched, way: signal.Signals
) -> None:
    share_before = within(watched.viewers, watched.calm())
    starts = [len(viewer) for viewer in watched.viewers]
    killed = watched.detector()
    assert killed is not None
    os.kill(killed, way)
    places = [len(viewer) for viewer in watched.viewers]
    while watched.detector() in (killed, None):
        places = [
            viewer.wait_for_live(place)
            for viewer, place in zip(watched.viewers, places, strict=True)
        ]
    for viewer in watched.viewers:
        viewer.wait_for(has_fresh_boxes, len(viewer))
    check_undisturbed(watched.viewers, starts, share_before)
