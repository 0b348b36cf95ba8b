"""The controls that inject faults into the selected camera, for all its viewers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from html import escape
from typing import Any, get_type_hints

import panel as pn

from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.controls import Attempt
from streamlab.dashboard.fault_words import CASES, DIALS, Dial, fault_sentences
from streamlab.dashboard.samples import Controls
from streamlab.dashboard.widgets import Slider, group, side_by_side, styled
from streamlab.faults import NO_FAULTS, Faults

FORBIDDEN = "This server does not allow it: set allow_fault_injection to true."
NOTHING = "No faults are injected."


class FaultControls:
    """A menu of what can go wrong, the values of the chosen one, and what is injected now.

    Once a fault is injected, its sliders act at once, until something else is injected.
    """

    def __init__(self, cameras: Cameras, selected: Callable[[], str], attempt: Attempt) -> None:
        self._cameras = cameras
        self._selected = selected
        self._attempt = attempt
        self._faults = NO_FAULTS  # as the sliders are
        self._injected: Faults | None = None  # from here, and not changed since
        self._shown: dict[str, object] | None = None
        allowed = cameras.may_inject
        self.case = styled(
            pn.widgets.Select, name="What goes wrong", options=list(CASES), value="lognormal"
        )
        self.about = styled(pn.pane.HTML, "")
        self.dials = styled(pn.Column, styles={"gap": "0.35rem"})
        self.inject = styled(pn.widgets.Button, name="Inject", disabled=not allowed)
        self.clear = styled(pn.widgets.Button, name="Clear all faults", disabled=True)
        self.now = styled(pn.pane.HTML, "" if allowed else f"<p class='about'>{FORBIDDEN}</p>")
        self.case.param.watch(lambda event: self._choose(event.new), "value")
        self.inject.on_click(self._inject)
        self.clear.on_click(self._clear)
        self._choose(self.case.value)

    def show(self, controls: Controls) -> None:
        """Show what is injected into the camera, whoever did it."""
        if controls.faults == self._shown:
            return
        self._shown = controls.faults
        if self._injected is not None and self._injected.describe() != controls.faults:
            self._injected = None
        self.clear.disabled = not (controls.faults and self._cameras.may_inject)
        if self._cameras.may_inject or controls.faults:
            self.now.object = _words(Faults(**controls.faults))  # type: ignore[arg-type]

    def forget(self) -> None:
        """Discard what is shown, because another camera is selected."""
        self._shown = self._injected = None

    def panel(self) -> Any:
        """Return the controls in one column."""
        buttons = side_by_side(self.inject, self.clear)
        return group("Faults", self.case, self.about, self.dials, buttons, self.now)

    def _choose(self, name: str) -> None:
        case = CASES[name]
        self._faults, self._injected = case.faults, None
        self.about.object = f"<p class='about'>{escape(case.about)}</p>"
        self.dials.objects = [self._dial(field, DIALS[field]) for field in case.fields]

    def _dial(self, field: str, dial: Dial) -> Slider:
        slider: Slider = styled(
            Slider, label=dial.label, unit=dial.unit, help=dial.help,
            start=dial.start, end=dial.end, step=dial.step,
        )  # fmt: skip
        slider.show_value(dial.factor * getattr(self._faults, field))
        slider.call_on_choice(self._setter(field, dial))
        return slider

    def _setter(self, field: str, dial: Dial) -> Callable[[float], Awaitable[None]]:
        is_whole = get_type_hints(Faults)[field] is int

        async def set_it(shown: float) -> None:
            value = shown / dial.factor
            new: dict[str, Any] = {field: round(value) if is_whole else value}
            self._faults = replace(self._faults, **new)
            if self._injected is not None:
                await self._inject(None)

        return set_it

    async def _inject(self, _event: object) -> None:
        faults = self._faults
        if await self._attempt(self._cameras.inject(self._selected(), faults)):
            self._injected = faults

    async def _clear(self, _event: object) -> None:
        self._injected = None
        await self._attempt(self._cameras.inject(self._selected(), None))


def _words(faults: Faults) -> str:
    sentences = fault_sentences(faults)
    if not sentences:
        return f"<p class='about' role='status'>{NOTHING}</p>"
    listed = "".join(f"<li>{escape(each)}</li>" for each in sentences)
    return f"<div class='wrong' role='status'>Injected now:<ul>{listed}</ul></div>"
