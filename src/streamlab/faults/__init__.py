"""Faults to inject into a camera: what goes wrong on purpose, live and in generated traces.

``definition`` and ``presets`` are plain data. The rest makes a running camera misbehave: wrappers
that ``injection`` puts around a camera's own calls while faults are injected, and takes away when
they end. A camera without faults runs no code of this folder.
"""

from streamlab.faults.definition import NO_FAULTS, Faults
from streamlab.faults.presets import PRESETS, find_preset

__all__ = ["NO_FAULTS", "PRESETS", "Faults", "find_preset"]
