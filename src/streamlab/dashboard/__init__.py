"""The Panel dashboard: cameras live, what was measured on them, and the controls that act on them.

``cameras`` knows the cameras, ``session`` is what one browser sees of them, ``asgi`` is what a
server mounts.
"""
