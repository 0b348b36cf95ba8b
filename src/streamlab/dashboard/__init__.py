"""The Panel dashboard: live cameras, their measurements, and the controls that act on them.

``cameras`` gives access to the cameras, ``session`` builds the page of one browser, ``asgi`` is
what a server mounts.
"""
