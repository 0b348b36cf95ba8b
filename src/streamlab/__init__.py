"""streamlab: the raw and the annotated picture of one camera, at the same moment."""

from importlib import import_module

__version__ = "0.1.0"
__all__ = ["Lab", "__version__"]


def __getattr__(name: str) -> object:
    """Import what is asked for, so that ``import streamlab`` costs nothing."""
    if name == "Lab":
        return import_module("streamlab.lab.lab").Lab
    raise AttributeError(f"module 'streamlab' has no attribute '{name}'")
