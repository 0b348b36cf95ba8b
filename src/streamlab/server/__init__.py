"""The HTTP server: the wire protocol, and the page at ``/``."""

from streamlab.server.app import create_app

__all__ = ["create_app"]
