"""The video wall as a Panel component: the player's module, and its messages to and from Python."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import param
from panel.custom import JSComponent

from streamlab.dashboard.health import CameraHealth


class Wall(JSComponent):
    """The page's view of the cameras. Its video comes from the server, not through this class."""

    # Imported from the server, so that the player is the same one that its own page uses.
    _esm = """
    export async function render(context) {
      const base = context.model.base_url || new URL("..", location.href).href.replace(/\\/$/, "");
      const wall = await import(`${base}/static/wall.js`);
      return wall.render(context, base);
    }
    """

    base_url = param.String(doc="Of the server that streams; empty when the page is its own.")
    cameras = param.List(doc="What there is: dicts of camera_id, state, width and height.")
    selected = param.String(doc="The camera that plots and controls are of.")
    figures = param.Dict({}, doc="What is measured, in words.")
    tab = param.String("figures", doc="Which pane is open below: figures or health.")
    beats = param.Integer(0, doc="Grows while the session lives.")
    hidden = param.Boolean(False, doc="Whether nobody sees the page now.")

    def __init__(self, on_add: Callable[[str], Coroutine[Any, Any, None]], **values: Any) -> None:
        super().__init__(**values)  # type: ignore[no-untyped-call]
        self._on_add = on_add
        self.on_msg(self._receive)

    def show_cameras(self, health: list[CameraHealth]) -> None:
        """Show the cameras; select the first one if the selected one is gone."""
        shown = ("camera_id", "state", "width", "height")
        cameras = [{name: getattr(each, name) for name in shown} for each in health]
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

    def tell_added(self, *, ok: bool) -> None:
        """Report whether the requested camera was added."""
        self._send_msg({"type": "added", "ok": ok})

    def send_file(self, name: str, data: bytes) -> None:
        """Make the browser save a file."""
        self._send_msg({"type": "file", "name": name, "data": data})

    async def _receive(self, event: Any) -> None:
        if event.data.get("type") == "add":
            await self._on_add(str(event.data.get("source", "")))
