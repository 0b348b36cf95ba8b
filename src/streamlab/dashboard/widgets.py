"""The components of the controls, in the page's style; each has a name for screen readers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import panel as pn
import param
from panel.custom import JSComponent

HERE = Path(__file__).parent
CSS = (HERE / "widgets.css").read_text(encoding="utf-8")
BUNDLES = HERE.parent / "web" / "bundles"


class Slider(JSComponent):
    """A browser's own slider: its label is its name, and its unit is read with its value.

    ``value`` is what it shows. What a person chooses is passed to ``call_on_choice`` once the
    handle is let go; what is only shown is not. A value is shown by a message: Panel takes a
    property that changes while a document is held for one that the browser has changed, and may
    then drop a later change (panel 1.9, ``Syncable._server_change``).
    """

    _esm = (BUNDLES / "slider.js").read_text(encoding="utf-8")

    label = param.String()
    help = param.String(doc="What it sets, a sentence.")
    unit = param.String()
    start = param.Number()
    end = param.Number()
    step = param.Number()
    value = param.Number()

    def call_on_choice(self, receive: Callable[[float], Awaitable[None]]) -> None:
        """Call ``receive`` with each value that a person chooses."""

        async def receive_message(event: Any) -> None:
            if isinstance(event.data, int | float) and self.start <= event.data <= self.end:
                self.value = event.data
                await receive(event.data)

        self.on_msg(receive_message)

    def show_value(self, value: float) -> None:
        """Show a value; extend the slider if it lies beyond the ends."""
        shown = {"start": min(self.start, value), "end": max(self.end, value), "value": value}
        self.param.update(**shown)
        self._send_msg(shown)


def styled(kind: Any, *arguments: Any, **values: Any) -> Any:
    """Return a component in the page's style."""
    return kind(
        *arguments, **{"sizing_mode": "stretch_width", "margin": 0, "stylesheets": [CSS]} | values
    )


def side_by_side(*components: Any) -> Any:
    """Return the components in one row."""
    return styled(pn.Row, *components, styles={"gap": "0.4rem"})


def group(title: str, *components: Any) -> Any:
    """Return components under a heading."""
    head = styled(pn.pane.HTML, f"<h2>{title}</h2>")
    return styled(pn.Column, head, *components, styles={"gap": "0.35rem"})
