"""streamlab: the raw and the annotated picture of one camera, at the same moment."""

__version__ = "0.1.0"
