from streamlab.lab.lab import Lab as Lab

__version__: str
