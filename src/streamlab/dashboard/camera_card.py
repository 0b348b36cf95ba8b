"""A description of the selected camera, and the button that removes it."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn

from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.controls import Attempt
from streamlab.dashboard.health import CameraRow
from streamlab.dashboard.widgets import group, styled

REMOVE = "Remove camera"


class CameraCard:
    """Describes a camera. Removing it takes two clicks, because it affects all viewers."""

    def __init__(self, cameras: Cameras, attempt: Attempt) -> None:
        self._cameras = cameras
        self._attempt = attempt
        self._camera_id = ""
        self.words = styled(pn.pane.HTML, "")
        self.remove = styled(pn.widgets.Button, name=REMOVE)
        self.remove.on_click(self._remove)

    def panel(self) -> Any:
        """Return the description and the button."""
        return group("Camera", self.words, self.remove)

    def show(self, health: CameraRow | None) -> None:
        """Show a camera; None shows no camera."""
        self.remove.visible = health is not None
        camera_id = health.camera_id if health else ""
        if camera_id != self._camera_id:
            self._camera_id, self.remove.name = camera_id, REMOVE
        self.words.object = _words(health) if health else ""

    async def _remove(self, _event: object) -> None:
        if self.remove.name == REMOVE:
            self.remove.name = f"Really remove {self._camera_id}?"
            return
        self.remove.name = REMOVE
        await self._attempt(self._cameras.remove(self._camera_id))


def _words(health: CameraRow) -> str:
    lines = (
        ("Source", health.source),
        ("Size", health.shape),
        ("Detector", health.detector),
        ("Viewers", str(health.viewers)),
        ("Health", " ".join(health.problems) or "All is well."),
    )
    return "".join(f"<p class='about'>{name} <b>{escape(value)}</b></p>" for name, value in lines)
