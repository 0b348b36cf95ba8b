"""Plots as PNG pictures, which need no scripts and show wherever a notebook can be read."""

from __future__ import annotations

from typing import Any

import holoviews as hv

from streamlab.extras import require

DPI = 144


def png(plot: Any) -> bytes:
    """Return a HoloViews plot as the bytes of a PNG file, drawn by Matplotlib."""
    data, _ = hv.renderer("matplotlib").instance(dpi=DPI)(plot, fmt="png")
    return bytes(data)


def show_pictures() -> None:
    """Make this notebook show HoloViews plots as pictures. Does nothing outside a notebook.

    Needs the ``lab`` extra.
    """
    require("IPython", "lab")
    from IPython.core.getipython import get_ipython  # noqa: PLC0415

    shell = get_ipython()
    if shell is not None and shell.display_formatter is not None:
        formatter = shell.display_formatter.formatters["image/png"]
        formatter.for_type(hv.core.Dimensioned, png)
