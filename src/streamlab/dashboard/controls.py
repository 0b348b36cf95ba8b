"""The controls of the synchronisation. They act on the running camera, for all its viewers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import panel as pn

from streamlab.core.sync.policy import SyncPolicy
from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.samples import Controls
from streamlab.dashboard.widgets import Slider, group, styled

Attempt = Callable[[Awaitable[object]], Awaitable[bool]]
"""Awaits an action and shows its error on the page; returns True if it succeeded."""


class SyncControls:
    """Controls for the synchronisation of the selected camera."""

    def __init__(self, cameras: Cameras, selected: Callable[[], str], attempt: Attempt) -> None:
        self._cameras = cameras
        self._selected = selected
        self._attempt = attempt
        self._showing = False
        self._shown: Controls | None = None
        options = {f"{policy}: {policy.rule.summary}": policy for policy in SyncPolicy}
        self.policy = styled(pn.widgets.Select, name="Policy", options=options)
        self.tolerance = styled(
            Slider, label="Tolerance", unit="ms", start=5, end=200, step=1,
            help="How far apart raw and annotated may leave the server",
        )  # fmt: skip
        self.longest = styled(
            Slider, label="Longest wait of raw", unit="ms", start=0, end=1000, step=10,
            help="How long raw may wait for its annotated frame",
        )  # fmt: skip
        self.stale = styled(
            Slider, label="Frames with older boxes", unit="%", start=0, end=100, step=1,
            help="How many frames may show boxes of an earlier frame; the rest is the target",
        )  # fmt: skip
        self._connect()

    def show(self, controls: Controls) -> None:
        """Show the camera's current settings, whoever changed them."""
        if controls == self._shown:
            return
        self._shown = controls
        with self._quietly():
            self.policy.value = controls.policy
            self.tolerance.show_value(controls.sync_tolerance_ms)
            self.longest.show_value(controls.max_playout_delay_ms)
            self.stale.show_value(100 * controls.max_stale_fraction)

    def forget(self) -> None:
        """Discard what is shown, so that the next ``show`` shows another camera in full."""
        self._shown = None

    def panel(self) -> Any:
        """Return the controls in one column."""
        return group("Synchronisation", self.policy, self.tolerance, self.longest, self.stale)

    def _connect(self) -> None:
        self.policy.param.watch(self._set_policy, "value")
        for slider, name, factor in (
            (self.tolerance, "tolerance_ms", 1.0),
            (self.longest, "max_playout_delay_ms", 1.0),
            (self.stale, "max_stale_fraction", 0.01),
        ):
            slider.call_on_choice(self._setter(name, factor))

    def _set_policy(self, event: Any) -> None:
        if not self._showing:  # asked now, and not when what follows is awaited
            pn.state.execute(partial(self._set, policy=event.new))

    def _setter(self, name: str, factor: float) -> Callable[[float], Awaitable[None]]:
        async def set_it(value: float) -> None:
            await self._set(**{name: value * factor})

        return set_it

    async def _set(self, **settings: Any) -> None:
        self._shown = None  # what is shown is what was chosen, and may be refused
        await self._attempt(self._cameras.change(self._selected(), **settings))

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Set widget values without applying them to the camera."""
        self._showing = True
        try:
            yield
        finally:
            self._showing = False
