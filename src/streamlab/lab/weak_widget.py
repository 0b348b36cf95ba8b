"""Widgets that are closed and freed once nobody refers to them.

ipywidgets refers to every widget until its ``close``, so those of a cell that is run again and
again add up. It refers only weakly to those defined here: whoever displays one must hold it
(``displays``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod, proxy

import ipywidgets  # type: ignore[import-untyped,unused-ignore]
import traitlets
from ipywidgets.widgets.widget import _instances  # type: ignore[import-untyped,unused-ignore]


def call_weakly(method: Callable[..., object]) -> Callable[..., None]:
    """Return a function that calls a bound method, or does nothing once its object is gone."""
    reference = WeakMethod(method)

    def call(*arguments: object) -> None:
        bound = reference()
        if bound is not None:
            bound(*arguments)

    return call


class WeakWidget(ipywidgets.Widget):  # type: ignore[misc]
    """Base of widgets that neither ipywidgets nor their comm keeps alive; list it first.

    ``Widget.__del__`` closes the widget, and with it the front end's model.
    """

    @traitlets.observe("comm")
    def _comm_changed(self, change: dict[str, Any]) -> None:
        super()._comm_changed(change)
        if change["new"] is not None:
            change["new"].on_msg(call_weakly(self._handle_msg))
            _instances[self.model_id] = proxy(self)


class WeakLayout(WeakWidget, ipywidgets.Layout):  # type: ignore[misc]
    """A layout that is freed with the widgets that it lays out."""
