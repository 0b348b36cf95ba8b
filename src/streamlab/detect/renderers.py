"""Renderers by name."""

from __future__ import annotations

from streamlab.detect.render import Renderer
from streamlab.errors import ModelError
from streamlab.plugins import Registry

DEFAULT_RENDERER = "boxes"
# A renderer that can be chosen by name is a file and a line here. The callable takes nothing.
RENDERERS: Registry[[], Renderer] = Registry(
    "renderer", {DEFAULT_RENDERER: "streamlab.detect.draw:BoxRenderer"}, ModelError, ("draw",)
)


def load_renderer(name: str = DEFAULT_RENDERER) -> Renderer:
    """Return a new renderer, for one camera. Raises ModelError that lists the names there are."""
    return RENDERERS.make(name)
