from streamlab.ui.lab import Lab as Lab

__version__: str
