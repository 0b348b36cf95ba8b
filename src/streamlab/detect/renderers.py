"""Loads renderers by name."""

from __future__ import annotations

from streamlab.detect.render import Renderer, redacts
from streamlab.errors import ModelError
from streamlab.plugins import Registry

DEFAULT_RENDERER = "boxes"
RENDERERS: Registry[[], Renderer] = Registry("renderer", ModelError, ("draw",))


def load_renderer(name: str = DEFAULT_RENDERER) -> Renderer:
    """Return a new renderer, for one camera. Raises ModelError, which lists the known names."""
    return RENDERERS.make(name)


def load_redacting(name: str) -> Renderer:
    """Return a new renderer that redacts. Raises ModelError for one that does not."""
    renderer = load_renderer(name)
    if not redacts(renderer):
        raise ModelError(f"renderer '{name}' does not redact", hint="Use 'pixelate' or 'blur'.")
    return renderer
