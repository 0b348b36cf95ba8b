"""The Panel dashboard: cameras live, what was measured on them, and the controls that act on them.

``cameras`` knows the cameras, ``session`` is what one browser sees of them, ``own`` makes cameras
for a dashboard that is not part of a server.
"""
