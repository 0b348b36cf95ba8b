"""streamlab: synchronised raw and annotated video of a camera."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from streamlab.version import __version__

if TYPE_CHECKING:
    from streamlab.errors import StreamlabError
    from streamlab.faults import Faults
    from streamlab.lab.health_warnings import CameraWarning
    from streamlab.lab.lab import Lab
    from streamlab.lab.lab_camera import LabCamera
    from streamlab.protocol.health import CameraHealth
    from streamlab.settings import Settings
    from streamlab.viewers.decoded_snapshot import Snapshot
else:  # hidden from type checkers, which would accept any name

    def __getattr__(name: str) -> object:
        """Import a public name on first use, so that ``import streamlab`` is cheap."""
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module 'streamlab' has no attribute '{name}'")


__all__ = [
    "CameraHealth",
    "CameraWarning",
    "Faults",
    "Lab",
    "LabCamera",
    "Settings",
    "Snapshot",
    "StreamlabError",
    "__version__",
]
_HOMES = {
    "CameraHealth": "streamlab.protocol.health",
    "CameraWarning": "streamlab.lab.health_warnings",
    "Faults": "streamlab.faults",
    "Lab": "streamlab.lab.lab",
    "LabCamera": "streamlab.lab.lab_camera",
    "Settings": "streamlab.settings",
    "Snapshot": "streamlab.viewers.decoded_snapshot",
    "StreamlabError": "streamlab.errors",
}


def __dir__() -> list[str]:
    return list(__all__)
