"""The FastAPI application: the wire protocol's endpoints and the page at ``/``."""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from streamlab.credentials import CredentialsFilter
from streamlab.media.spec import SourcePolicy
from streamlab.server import cameras, events, media, metrics, problems, streams, traces
from streamlab.server.auth import TokenAuth
from streamlab.version import __version__
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager

Mount: TypeAlias = Callable[
    [StreamChannelManager, ChannelSubscriptionManager, SourcePolicy], ASGIApp
]
"""Creates an application from the cameras, their viewers and the policy for added sources."""
_FILTER = CredentialsFilter()
STATIC = Path(__file__).parent.parent / "web"
# Windows reads file types from its registry, where other programs may have changed them, and
# browsers run no module script that is served as text/plain.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/css", ".css")


def create_app(
    manager: StreamChannelManager,
    policy: SourcePolicy,
    mounts: Mapping[str, Mount] | None = None,
) -> FastAPI:
    """Create the application that serves these cameras; it closes them when it shuts down.

    ``policy`` limits the sources that may be added through the API. ``mounts`` are further
    applications by path; they can change cameras, so they require an admin token.
    """
    mounts = mounts or {}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001
        yield
        await manager.close()

    for name in ("uvicorn.error", "uvicorn.access"):  # they log ``access_token`` in queries
        logging.getLogger(name).addFilter(_FILTER)
    app = FastAPI(title="streamlab", version=__version__, lifespan=lifespan)
    app.state.manager = manager
    app.state.subscriptions = ChannelSubscriptionManager(manager)
    app.state.source_policy = policy
    app.state.recording_slots = traces.recording_slots()
    problems.install(app)
    _protect(app, manager, mounts)
    app.include_router(streams.router)
    app.include_router(media.router)
    app.include_router(cameras.router)
    app.include_router(traces.router)
    app.include_router(events.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _add_health(app, manager)
    for path, mount in mounts.items():
        app.mount(path, mount(manager, app.state.subscriptions, policy))

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    return app


def _protect(app: FastAPI, manager: StreamChannelManager, admin_paths: Iterable[str]) -> None:
    settings = manager.settings
    if settings.asks_for_tokens:
        app.add_middleware(
            TokenAuth,
            tokens=settings.tokens,
            admin_tokens=settings.admin_tokens,
            admin_paths=admin_paths,
            unredacted_tokens=settings.unredacted_tokens,
            redacts=lambda: any(camera.redacts for camera in manager.cameras.values()),
        )
    if settings.allowed_origins:  # outermost, so that pages can read refusals too
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
        )


def _add_health(app: FastAPI, manager: StreamChannelManager) -> None:
    @app.get("/healthz", tags=["health"])
    async def healthz() -> dict[str, str]:
        """Return 200 while the process responds."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"])
    async def readyz(ready: Literal["some", "all"] = "some") -> JSONResponse:
        """Return 200 if the cameras of the start can be watched, otherwise 503 with the reasons.

        They can once each of them has given a picture or failed its first opening, and one has
        given a picture (or there are none); with ``ready=all`` once all of them have.
        """
        sources = {camera.camera_id: camera.source for camera in manager.cameras_at_start}
        waiting = {name: source for name, source in sources.items() if not source.has_been_live}
        is_ready = not waiting
        if ready == "some":
            tried = all(source.has_been_tried for source in waiting.values())
            is_ready = is_ready or (tried and len(waiting) < len(sources))
        reasons = {name: source.detail or "not tried yet" for name, source in waiting.items()}
        body = {
            "status": "ready" if is_ready else "not ready",
            "cameras": {name: source.state for name, source in sources.items()},
            "waiting": reasons,
        }
        return JSONResponse(body, 200 if is_ready else 503)

    @app.get("/metrics", tags=["health"], response_class=PlainTextResponse)
    async def metrics_text() -> PlainTextResponse:
        """Return the metrics in Prometheus text format."""
        return PlainTextResponse(metrics.render(manager), media_type=metrics.CONTENT_TYPE)
