"""Faults to inject into a camera, live or in generated traces.

``definition`` and ``presets`` are plain data. The other modules make a running camera misbehave:
``injection`` wraps some of the camera's calls while faults are injected, and restores them when
the faults end. A camera without faults runs no code of this folder.
"""

from streamlab.faults.definition import NO_FAULTS, Faults
from streamlab.faults.presets import PRESETS, find_preset

__all__ = ["NO_FAULTS", "PRESETS", "Faults", "find_preset"]
