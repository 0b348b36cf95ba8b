"""The video wall as a Panel component: the player's module, and its messages to and from Python."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import param
from panel.custom import JSComponent

from streamlab.dashboard.health import CameraRow

OnMessage = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]
"""Receives what the page's form sends: its ``type`` and fields."""


class Wall(JSComponent):
    """The page's view of the cameras. Its video comes from the server, not through this class."""

    # Imported from the server, so that the player is the same one that its own page uses.
    _esm = """
    export async function render(context) {
      const base = context.model.base_url || new URL("..", location.href).href.replace(/\\/$/, "");
      const wall = await import(`${base}/static/dashboard.js`);
      return wall.render(context, base);
    }
    """

    base_url = param.String(doc="Of the server that streams; empty when the page is its own.")
    cameras = param.List(doc="What there is: dicts of what ``show_cameras`` names.")
    selected = param.String(doc="The camera that plots and controls are of.")
    figures = param.Dict({}, doc="What is measured, in words.")
    tab = param.String("figures", doc="Which pane is open below: figures or health.")
    beats = param.Integer(0, doc="Grows while the session lives.")
    hidden = param.Boolean(False, doc="Whether nobody sees the page now.")
    choices = param.Dict({}, doc="What the form for a new camera offers: see ``Choices``.")
    paused = param.Boolean(False, doc="Whether the plots stand still.")
    calm = param.Boolean(False, doc="Whether the viewer prefers little motion.")

    def __init__(self, on_message: OnMessage, **values: Any) -> None:
        super().__init__(**values)  # type: ignore[no-untyped-call]
        self._on_message = on_message
        self.on_msg(self._receive)

    def show_cameras(self, health: list[CameraRow]) -> None:
        """Show the cameras; select the first one if the selected one is gone."""
        shown = ("camera_id", "state", "detail", "retry_at", "source", "width", "height")
        cameras = [
            {name: getattr(each, name) for name in shown} | {"stage_problems": each.faults}
            for each in health
        ]
        if self.cameras != cameras:
            self.cameras = cameras
        ids = [each.camera_id for each in health]
        if self.selected not in ids:
            self.selected = ids[0] if ids else ""

    def beat(self) -> None:
        """Send an update: bokeh-fastapi notices only when it sends that a browser has gone."""
        self.beats += 1

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a notice above the video. An error (``wrong``) stays until it is dismissed."""
        self._send_msg({"type": "say", "text": text, "wrong": wrong})

    def report_added(self, wrong: str = "", field: str = "") -> None:
        """Report that the requested camera was added, or what is wrong with which field."""
        self._send_msg({"type": "added", "ok": not wrong, "text": wrong, "field": field})

    def send_file(self, name: str, data: bytes) -> None:
        """Make the browser save a file."""
        self._send_msg({"type": "file", "name": name, "data": data})

    async def _receive(self, event: Any) -> None:
        if isinstance(event.data, dict):
            await self._on_message(event.data)
