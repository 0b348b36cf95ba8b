"""The dashboard as an ASGI application to be mounted in a server."""

from __future__ import annotations

import panel as pn
from fastapi import FastAPI
from panel.io.fastapi import add_applications
from panel.io.resources import COMPONENT_PATH
from starlette.routing import Route

from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.session import Session
from streamlab.server import problems


def dashboard_app(cameras: Cameras) -> FastAPI:
    """Return an application with the dashboard at its root; the page loads video from ``..``."""

    def page() -> pn.Template:
        return Session(cameras).page()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    problems.install(app)
    add_applications({"/": page}, app=app, title="streamlab dashboard")
    # This route imports any module that a URL names. The dashboard has no use for it.
    app.router.routes[:] = [
        each
        for each in app.router.routes
        if not (isinstance(each, Route) and each.path.startswith(f"/{COMPONENT_PATH}"))
    ]
    return app
