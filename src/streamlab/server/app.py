"""The FastAPI application: the wire protocol's endpoints and the page at ``/``."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from streamlab.credentials import CredentialsFilter
from streamlab.errors import NotAllowedError
from streamlab.media.spec import SourcePolicy
from streamlab.server import (
    cameras,
    events,
    media,
    metrics,
    models,
    openapi,
    problems,
    streams,
    traces,
)
from streamlab.server.access import AccessOf, visible_ids
from streamlab.server.auth import TokenAuth
from streamlab.server.body_limits import BodyLimits
from streamlab.server.bounds import RequestBounds
from streamlab.server.hosts import HostCheck, Hosts
from streamlab.server.in_flight import REQUEST_S, Deadline, InFlightLimit
from streamlab.server.methods import Methods
from streamlab.server.open_files import OTHERS
from streamlab.server.origins import OriginCheck
from streamlab.server.places import HeldPlaces
from streamlab.server.prefix import RelativeRedirects
from streamlab.server.problem_pages import ProblemPages
from streamlab.server.stopping import EndOnStop
from streamlab.server.watchdog import LoopWatchdog
from streamlab.server.workers import refuse_workers
from streamlab.version import __version__
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager

Mount: TypeAlias = Callable[
    [StreamChannelManager, ChannelSubscriptionManager, SourcePolicy], ASGIApp
]
"""Creates an application from the cameras, their viewers and the policy for added sources."""
_FILTER = CredentialsFilter()
WEB = Path(__file__).parent.parent / "web"
DASHBOARD = "/dashboard"
"""Where the page expects the dashboard, if it is among the mounts."""
# Windows reads file types from its registry, where other programs may have changed them, and
# browsers run no module script that is served as text/plain.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/css", ".css")


def create_app(
    manager: StreamChannelManager,
    policy: SourcePolicy,
    mounts: Mapping[str, Mount] | None = None,
    *,
    listening_on: Iterable[str] = (),
    max_others: int = OTHERS,
    closes_cameras: bool = True,
) -> FastAPI:
    """Create the application that serves these cameras.

    ``policy`` limits the sources that may be added through the API. ``mounts`` are further
    applications by path; they can change cameras, so they require an admin token.
    ``listening_on`` are the names and addresses that the server was told to listen on.
    ``max_others`` requests are served at once beside the streams. ``closes_cameras``: the cameras
    are closed when the application shuts down.
    """
    mounts = mounts or {}
    watchdog = LoopWatchdog()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        refuse_workers()
        await asyncio.to_thread(app.openapi)  # cached: it would block the loop for 0.1 s
        with watchdog.running():
            yield
            if closes_cameras:
                await manager.close()

    for name in ("uvicorn.error", "uvicorn.access"):  # they log ``access_token`` in queries
        logging.getLogger(name).addFilter(_FILTER)
    app = FastAPI(title="streamlab", version=__version__, lifespan=lifespan, docs_url=None)
    app.state.manager = manager
    app.state.subscriptions = ChannelSubscriptionManager(manager)
    app.state.source_policy = policy
    app.state.recording_slots = traces.recording_slots()
    app.state.truth_turn = asyncio.Semaphore(1)
    problems.install(app)
    openapi.install(app)
    app.add_middleware(Methods)
    app.add_middleware(RelativeRedirects)
    _protect(app, manager, mounts, Hosts(manager.settings.allowed_hosts, listening_on), max_others)
    app.include_router(streams.router)
    app.include_router(media.router)
    app.include_router(cameras.router)
    app.include_router(traces.router)
    app.include_router(events.router)
    app.mount("/static", StaticFiles(directory=WEB / "bundles"), name="static")
    _add_health(app, manager, watchdog)
    for path, mount in mounts.items():
        app.mount(path, mount(manager, app.state.subscriptions, policy))

    html = (WEB / "hosts" / "index.html").read_text(encoding="utf-8")
    if DASHBOARD in mounts:
        html = html.replace('<a id="dashboard" hidden', '<a id="dashboard"')

    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(html, headers={"Cache-Control": "no-cache"})

    return app


def _protect(
    app: FastAPI,
    manager: StreamChannelManager,
    admin_paths: Iterable[str],
    hosts: Hosts,
    max_others: int,
) -> None:
    """Add what a request has to pass, from the innermost to the outermost."""
    settings = manager.settings
    app.add_middleware(HeldPlaces, pages=admin_paths)
    app.add_middleware(BodyLimits, max_bytes=settings.max_body_bytes)
    if settings.asks_for_tokens:
        app.add_middleware(
            TokenAuth,
            tokens=settings.tokens,
            admin_tokens=settings.admin_tokens,
            admin_paths=admin_paths,
            unredacted_tokens=settings.unredacted_tokens,
            redacts=lambda: any(camera.redacts for camera in manager.cameras.values()),
        )
    app.add_middleware(RequestBounds)
    app.add_middleware(Deadline, limit_s=settings.open_timeout + REQUEST_S)
    app.add_middleware(InFlightLimit, limit=settings.max_connections + max_others)
    app.add_middleware(OriginCheck, allowed_origins=settings.allowed_origins)
    if settings.allowed_origins:  # outside the others, so that pages can read refusals too
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
        )
    app.add_middleware(HostCheck, hosts=hosts)
    app.add_middleware(ProblemPages, cameras=lambda scope: visible_ids(manager, scope))
    app.add_middleware(EndOnStop, close=manager.close)


def _add_health(app: FastAPI, manager: StreamChannelManager, watchdog: LoopWatchdog) -> None:
    @app.get("/healthz", tags=["health"], response_model=models.Alive)
    async def healthz() -> dict[str, str]:
        """Return 200 while the process responds."""
        return {"status": "ok"}

    @app.get(
        "/readyz",
        tags=["health"],
        response_model=models.Readiness,
        responses={503: {"model": models.Readiness, "description": "Not ready"}},
    )
    async def readyz(access: AccessOf, ready: Literal["some", "all"] = "some") -> JSONResponse:
        """Return 200 if the cameras of the start can be watched, otherwise 503 with the reasons.

        They can once each of them has given a picture or failed its first opening, and one has
        given a picture (or there are none); with ``ready=all`` once all of them have. Only the
        cameras that the token may see count.
        """
        cameras = [each for each in manager.cameras_at_start if access.sees(each.camera_id)]
        sources = {camera.camera_id: camera.source for camera in cameras}
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
    async def metrics_text(access: AccessOf) -> PlainTextResponse:
        """Return the metrics in Prometheus text format. Needs a token without limits."""
        if not access.watches_everything:
            raise NotAllowedError("the metrics are for tokens that may see all cameras")
        text = metrics.render(manager, watchdog)
        return PlainTextResponse(text, media_type=metrics.CONTENT_TYPE)
