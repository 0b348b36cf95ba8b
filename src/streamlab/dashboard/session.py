"""One browser's dashboard: the parts of its page, and its user's requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

import panel as pn

from streamlab.clock import monotonic_ns
from streamlab.dashboard.adding import Adding, words_of
from streamlab.dashboard.camera_card import CameraCard
from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.controls import SyncControls
from streamlab.dashboard.export import Export
from streamlab.dashboard.fault_controls import FaultControls
from streamlab.dashboard.health import CameraRow, health_table
from streamlab.dashboard.live import Live
from streamlab.dashboard.plots import LivePlots
from streamlab.dashboard.processes import Processes, process_tables
from streamlab.dashboard.samples import Controls
from streamlab.dashboard.wall import Wall
from streamlab.dashboard.widgets import BUNDLES, HERE, styled
from streamlab.errors import StreamlabError

log = logging.getLogger(__name__)
STYLE = BUNDLES / "dashboard.css"


class Session:
    """The dashboard of one browser. Create it where Panel creates a document; serve ``page()``.

    ``base_url`` is the server that the video comes from; if empty, the one that serves the page.
    """

    def __init__(self, cameras: Cameras, base_url: str = "") -> None:
        pn.extension()
        self._cameras = cameras
        self._plots = LivePlots()
        self._health = styled(pn.pane.HTML, "", sizing_mode="stretch_both")
        self._adding = Adding(cameras, self._show_added)
        self._wall = wall = Wall(self._receive, base_url=base_url)
        self._controls = SyncControls(cameras, lambda: wall.selected, self._attempt)
        self._faults = FaultControls(cameras, lambda: wall.selected, self._attempt)
        self._export = Export(cameras, wall, self._attempt)
        self._card = CameraCard(cameras, self._attempt)
        self._live = Live(cameras, wall, self._plots, self._show_controls, self._show_health)
        self._attempts = self._attempted_ns = 0  # in progress; when the last one was over
        self._running: asyncio.Task[None] | None = None

    def page(self) -> pn.Template:
        """Return the page; it is updated until its browser has gone."""
        page = pn.Template((HERE / "page.html").read_text(encoding="utf-8"))
        page.add_variable("css", STYLE.read_text(encoding="utf-8"))
        page.add_variable("app_favicon", "data:,")
        page.add_panel("wall", self._wall)
        for name in ("drift", "spread", "latency", "fresh", "bitrate"):
            page.add_panel(name, styled(pn.pane.Bokeh, getattr(self._plots, name), **_FILLING))
        groups = (self._controls, self._faults, self._export, self._card)
        page.add_panel("controls", styled(pn.Column, *(each.panel() for each in groups)))
        page.add_panel("health", self._health)
        pn.state.on_session_destroyed(self._close)
        pn.state.onload(self._start)
        return page

    def _start(self) -> None:
        document = pn.state.curdoc
        assert document is not None, "a session has a document"
        self._running = asyncio.get_running_loop().create_task(self._live.run(document))
        self._running.add_done_callback(_log_failure)

    def _close(self, _context: object) -> None:
        if self._running is not None:
            self._running.cancel()

    def _show_health(self, health: list[CameraRow], processes: Processes) -> None:
        wall = self._wall
        wall.show_cameras(health)
        if wall.tab == "health":
            cameras = health_table(health, wall.selected)
            self._health.object = cameras + process_tables(processes)
        self._card.show(next((each for each in health if each.camera_id == wall.selected), None))

    def _show_controls(self, controls: Controls | None, now_ns: int) -> None:
        """Show what a sample has of the camera, unless this user has changed it since."""
        if controls is not None and (self._attempts or now_ns < self._attempted_ns):
            return
        for each in (self._controls, self._faults):
            if controls is None:
                each.forget()
            else:
                each.show(controls)

    async def _receive(self, message: dict[str, Any]) -> None:
        await self._adding.receive(self._wall, message)

    async def _show_added(self, camera_id: str) -> None:
        self._show_health(await self._cameras.health(), await self._cameras.processes())
        self._wall.selected = camera_id
        self._wall.say(f"Camera {camera_id} was added.")

    async def _attempt(self, work: Awaitable[object]) -> bool:
        self._attempts += 1
        try:
            await work
        except StreamlabError as error:
            self._wall.say(words_of(error), wrong=True)
            return False
        finally:
            self._attempts -= 1
            self._attempted_ns = monotonic_ns()
        return True


_FILLING = {"sizing_mode": "stretch_both"}


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a dashboard stands still", exc_info=error)
