"""One browser's dashboard: the parts of its page, and its user's requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from pathlib import Path

import panel as pn

from streamlab.dashboard.camera_card import CameraCard
from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.controls import SyncControls, styled
from streamlab.dashboard.export import Export
from streamlab.dashboard.health import CameraHealth, health_table
from streamlab.dashboard.live import Live
from streamlab.dashboard.plots import LivePlots
from streamlab.dashboard.wall import Wall
from streamlab.errors import StreamlabError

log = logging.getLogger(__name__)
HERE = Path(__file__).parent


class Session:
    """The dashboard of one browser. Create it where Panel creates a document; serve ``page()``.

    ``base_url`` is the server that the video comes from; if empty, the one that serves the page.
    """

    def __init__(self, cameras: Cameras, base_url: str = "") -> None:
        pn.extension()
        self._cameras = cameras
        self._plots = LivePlots()
        self._health = styled(pn.pane.HTML, "", sizing_mode="stretch_both")
        self._wall = wall = Wall(self._add, base_url=base_url)
        self._controls = SyncControls(cameras, lambda: wall.selected, self._attempt)
        self._export = Export(cameras, wall, self._attempt)
        self._card = CameraCard(cameras, self._attempt)
        self._live = Live(cameras, wall, self._plots, self._controls, self._show_health)
        self._running: asyncio.Task[None] | None = None

    def page(self) -> pn.Template:
        """Return the page; it is updated until its browser has gone."""
        page = pn.Template((HERE / "page.html").read_text(encoding="utf-8"))
        page.add_variable("css", (HERE / "page.css").read_text(encoding="utf-8"))
        page.add_variable("app_favicon", "data:,")
        page.add_panel("wall", self._wall)
        for name in ("drift", "spread", "latency", "box_age", "bitrate"):
            page.add_panel(name, styled(pn.pane.Bokeh, getattr(self._plots, name), **_FILLING))
        groups = (self._controls, self._export, self._card)
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

    def _show_health(self, health: list[CameraHealth]) -> None:
        wall = self._wall
        wall.show_cameras(health)
        if wall.tab == "health":
            self._health.object = health_table(health, wall.selected)
        self._card.show(next((each for each in health if each.camera_id == wall.selected), None))

    async def _add(self, source: str) -> None:
        added: list[str] = []

        async def add() -> None:
            added.append(await self._cameras.add(source))
            self._show_health(await self._cameras.health())

        ok = await self._attempt(add())
        self._wall.tell_added(ok=ok)
        if ok:
            self._wall.selected = added[0]
            self._wall.say(f"Camera {added[0]} is here.")

    async def _attempt(self, work: Awaitable[object]) -> bool:
        try:
            await work
        except StreamlabError as error:
            text = f"{error.message[:1].upper()}{error.message[1:]}. {error.hint}"
            self._wall.say(text.strip(), wrong=True)
            return False
        return True


_FILLING = {"sizing_mode": "stretch_both"}


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a dashboard stands still", exc_info=error)
