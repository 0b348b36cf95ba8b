"""The dashboard as an ASGI application to be mounted in a server."""

from __future__ import annotations

import panel as pn
from fastapi import FastAPI
from panel.io.fastapi import add_applications

from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.session import Session


def dashboard_app(cameras: Cameras) -> FastAPI:
    """Return an application with the dashboard at its root; the page loads video from ``..``."""

    def page() -> pn.Template:
        return Session(cameras).page()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_applications({"/": page}, app=app, title="streamlab dashboard")
    return app
