"""Loads renderers by name."""

from __future__ import annotations

from streamlab.detect.render import Renderer
from streamlab.errors import ModelError
from streamlab.plugins import Registry

DEFAULT_RENDERER = "boxes"
# To add a renderer, add a module and a line here. The callable takes no arguments.
RENDERERS: Registry[[], Renderer] = Registry(
    "renderer", {DEFAULT_RENDERER: "streamlab.detect.draw:BoxRenderer"}, ModelError, ("draw",)
)


def load_renderer(name: str = DEFAULT_RENDERER) -> Renderer:
    """Return a new renderer, for one camera. Raises ModelError, which lists the known names."""
    return RENDERERS.make(name)
