"""One browser's dashboard: which camera it looks at, and the clockwork that keeps it up to date.

A session looks at its camera ``LOOKS_PER_S`` times a second. What is new goes to one plot after
the other, a moment apart, so that drawing them never takes the browser long enough to miss a frame
of the video.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import panel as pn
from bokeh.document import Document

from streamlab.errors import StreamlabError, UnknownCameraError
from streamlab.ui.dashboard.cameras import Cameras, Look
from streamlab.ui.dashboard.camera_card import CameraCard
from streamlab.ui.dashboard.controls import SyncControls, styled
from streamlab.ui.dashboard.export import Export
from streamlab.ui.dashboard.health import CameraHealth, health_table
from streamlab.ui.dashboard.plots import LivePlots
from streamlab.ui.dashboard.timeline import WINDOW_S, Timeline, Update
from streamlab.ui.dashboard.wall import Wall

log = logging.getLogger(__name__)
HERE = Path(__file__).parent
LOOKS_PER_S = 5
LOOKS_PER_HEALTH = 5
LOOKS_PER_BEAT = 25
PLOTS = ("drift", "spread", "latency", "box_age", "bitrate")
STEP_S = 1 / LOOKS_PER_S / len(PLOTS)


class Session:
    """What one browser sees. Made where Panel makes a document; ``page`` is what to serve."""

    def __init__(self, cameras: Cameras, base_url: str = "") -> None:
        pn.extension()
        self.cameras = cameras
        self.wall = Wall(self._add, base_url=base_url)
        self.plots = LivePlots()
        self.controls = SyncControls(cameras, lambda: self.wall.selected, self._attempt)
        self.export = Export(cameras, self.wall, self._attempt)
        self.card = CameraCard(cameras, self._attempt)
        self.health = styled(pn.pane.HTML, "", sizing_mode="stretch_both")
        self._seen: tuple[str, Timeline, Look] | None = None
        self._task: asyncio.Task[None] | None = None

    def page(self) -> pn.Template:
        """Return the page; it lives until its browser has gone."""
        template = (HERE / "page.html").read_text(encoding="utf-8")
        css = (HERE / "page.css").read_text(encoding="utf-8")
        page = pn.Template(template)
        page.add_variable("css", css)
        page.add_variable("app_favicon", "data:,")
        page.add_panel("wall", self.wall)
        for name in PLOTS:
            plot = pn.pane.Bokeh(getattr(self.plots, name), sizing_mode="stretch_both", margin=0)
            page.add_panel(name, plot)
        groups = (self.controls, self.export, self.card)
        page.add_panel("controls", styled(pn.Column, *(each.panel() for each in groups)))
        page.add_panel("health", self.health)
        pn.state.on_session_destroyed(self._close)
        pn.state.onload(self._start)
        return page

    def _start(self) -> None:
        document = pn.state.curdoc
        assert document is not None
        self._task = asyncio.get_running_loop().create_task(self._run(document))
        self._task.add_done_callback(_log_failure)

    def _close(self, _context: object) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self, document: Document) -> None:
        for number in range(1 << 62):
            if number % LOOKS_PER_BEAT == 0:
                await _locked(document, self.wall.beat)
            if number % LOOKS_PER_HEALTH == 0:
                health = await self.cameras.health()
                await _locked(document, lambda health=health: self._show_health(health))
            if self.wall.hidden or not self.wall.selected:
                self._seen = None
                await asyncio.sleep(1 / LOOKS_PER_S)
                continue
            try:
                await self._refresh(document, words=number % 2 == 0)
            except UnknownCameraError:  # it was removed; the next health says so
                await asyncio.sleep(1 / LOOKS_PER_S)

    async def _refresh(self, document: Document, *, words: bool) -> None:
        look, timeline = await self._look(document)
        update = timeline.receive(look)
        if words:
            await _locked(document, lambda: self._show_words(look, timeline))
        for name in PLOTS:
            if self.wall.tab == "figures":
                await _locked(document, lambda name=name: self._show(name, update, timeline))
            else:
                self._seen = None  # when the plots are shown again they begin anew
            await asyncio.sleep(STEP_S)

    async def _look(self, document: Document) -> tuple[Look, Timeline]:
        """Look at the selected camera; begin anew when it is another one than before."""
        camera_id = self.wall.selected
        before = self._seen if self._seen and self._seen[0] == camera_id else None
        look = await self.cameras.look(camera_id, before and before[2].count, WINDOW_S)
        if before is None or before[2].stream_id != look.stream_id:
            look = await self.cameras.look(camera_id, None, WINDOW_S)
            timeline = Timeline(look.now_ns)
            self.controls.forget()
            await _locked(document, self.plots.clear)
        else:
            timeline = before[1]
        self._seen = (camera_id, timeline, look)
        return look, timeline

    def _show(self, name: str, update: Update, timeline: Timeline) -> None:
        match name:
            case "drift":
                self.plots.show_drift(update, timeline)
            case "spread":
                self.plots.show_spread(timeline)
            case "latency":
                self.plots.show_latency(update)
            case "box_age":
                self.plots.show_box_age(update)
            case _:
                self.plots.show_bitrate(update)

    def _show_words(self, look: Look, timeline: Timeline) -> None:
        self.wall.figures = timeline.words(look)
        self.controls.show(look.controls)

    def _show_health(self, health: list[CameraHealth]) -> None:
        wall = self.wall
        cameras = [
            {"camera_id": each.camera_id, "state": each.state}
            | {"width": each.width, "height": each.height}
            for each in health
        ]
        if wall.cameras != cameras:
            wall.cameras = cameras
        ids = [each.camera_id for each in health]
        if wall.selected not in ids:
            wall.selected = ids[0] if ids else ""
        if wall.tab == "health":
            self.health.object = health_table(health, wall.selected)
        self.card.show(next((each for each in health if each.camera_id == wall.selected), None))

    async def _add(self, source: str) -> None:
        added: list[str] = []

        async def add() -> None:
            added.append(await self.cameras.add(source))

        ok = await self._attempt(add())
        self.wall.tell_added(ok=ok)
        if ok:
            self._show_health(await self.cameras.health())
            self.wall.selected = added[0]
            self.wall.say(f"Camera {added[0]} is here.")

    async def _attempt(self, work: Awaitable[object]) -> bool:
        try:
            await work
        except StreamlabError as error:
            hint = f" {error.hint}" if error.hint else ""
            text = f"{error.message[:1].upper()}{error.message[1:]}."
            self.wall.say(text + hint, wrong=True)
            return False
        return True


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a dashboard stands still", exc_info=error)


async def _locked(document: Document, change: Callable[[], Any]) -> None:
    """Make a change when the document may be changed; it goes out as one message."""
    done = asyncio.get_running_loop().create_future()

    def make() -> None:
        document.hold("combine")
        try:
            change()
        finally:
            document.unhold()
            if not done.done():
                done.set_result(None)

    document.add_next_tick_callback(make)
    await done
