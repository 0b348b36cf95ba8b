"""The controls beside the video. They act on the running camera, for all its viewers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import panel as pn
from bokeh.models import PrintfTickFormatter

from streamlab.core.sync.policy import SyncPolicy
from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.samples import Controls
from streamlab.faults import PRESETS

CSS = (Path(__file__).parent / "widgets.css").read_text(encoding="utf-8")
Attempt = Callable[[Awaitable[object]], Awaitable[bool]]
"""Awaits an action and shows its error on the page; returns True if it succeeded."""


class SyncControls:
    """Controls for the synchronisation and the injected faults of the selected camera."""

    def __init__(self, cameras: Cameras, selected: Callable[[], str], attempt: Attempt) -> None:
        self._cameras = cameras
        self._selected = selected
        self._attempt = attempt
        self._showing = False
        self._shown: Controls | None = None
        options = {f"{policy}: {policy.rule.summary}": policy for policy in SyncPolicy}
        self.policy = styled(pn.widgets.Select, name="Policy", options=options)
        self.tolerance = _slider("Tolerance", 5, 200, 1, "ms")
        self.longest = _slider("Longest wait of raw", 0, 1000, 10, "ms")
        self.stale = _slider("Frames with older boxes", 0, 100, 1, "%")
        self.preset = styled(
            pn.widgets.Select, name="Fault", options=list(PRESETS), value="lognormal"
        )
        self.inject = styled(pn.widgets.Button, name="Inject", disabled=not cameras.may_inject)
        self.clear = styled(pn.widgets.Button, name="End", disabled=True)
        self.wrong = styled(pn.pane.HTML, "")
        self._connect()

    def show(self, controls: Controls) -> None:
        """Show the camera's current settings and faults, whoever changed them."""
        if controls == self._shown:
            return
        self._shown = controls
        with self._quietly():
            self.policy.value = controls.policy
            _show_on(self.tolerance, controls.sync_tolerance_ms)
            _show_on(self.longest, controls.max_playout_delay_ms)
            _show_on(self.stale, 100 * controls.max_stale_fraction)
        wrong = ", ".join(f"{name} {value}" for name, value in controls.faults.items())
        self.wrong.object = f"<p class='wrong'>{wrong}</p>" if wrong else ""
        self.clear.disabled = not controls.faults

    def forget(self) -> None:
        """Discard what is shown, so that the next ``show`` shows another camera in full."""
        self._shown = None

    def panel(self) -> Any:
        """Return the controls in one column."""
        return styled(
            pn.Column,
            group("Synchronisation", self.policy, self.tolerance, self.longest, self.stale),
            group("Faults", self.preset, side_by_side(self.inject, self.clear), self.wrong),
        )

    def _connect(self) -> None:
        self.policy.param.watch(self._set_policy, "value")
        for slider, name, factor in (
            (self.tolerance, "tolerance_ms", 1.0),
            (self.longest, "max_playout_delay_ms", 1.0),
            (self.stale, "max_stale_fraction", 0.01),
        ):
            slider.param.watch(self._setter(name, factor), "value_throttled")
        self.inject.on_click(self._inject)
        self.clear.on_click(self._clear)

    async def _set_policy(self, event: Any) -> None:
        await self._set(policy=event.new)

    def _setter(self, name: str, factor: float) -> Callable[[Any], Awaitable[None]]:
        async def set_it(event: Any) -> None:
            await self._set(**{name: event.new * factor})

        return set_it

    async def _set(self, **settings: Any) -> None:
        if not self._showing:
            await self._attempt(self._cameras.change(self._selected(), **settings))

    async def _inject(self, _event: object) -> None:
        await self._attempt(self._cameras.inject(self._selected(), PRESETS[self.preset.value]))

    async def _clear(self, _event: object) -> None:
        await self._attempt(self._cameras.inject(self._selected(), None))

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Set widget values without applying them to the camera."""
        self._showing = True
        try:
            yield
        finally:
            self._showing = False


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


def _slider(name: str, start: float, end: float, step: float, unit: str) -> Any:
    written = PrintfTickFormatter(format=f"%.0f {unit.replace('%', '%%')}")
    return styled(
        pn.widgets.FloatSlider, name=name, start=start, end=end, step=step, format=written
    )


def _show_on(slider: Any, value: float) -> None:
    """Show a value; extend the slider if it lies beyond the ends."""
    slider.param.update(start=min(slider.start, value), end=max(slider.end, value), value=value)
