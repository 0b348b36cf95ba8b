"""What happens to the cameras of a server, as server-sent events of low rate."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from streamlab.core.access import Access
from streamlab.server.access import AccessOf
from streamlab.server.dependencies import Manager
from streamlab.server.problems import problem_responses
from streamlab.server.sse import SHUTDOWN_S
from streamlab.viewers.event_log import EventKind, EventLog, LoggedEvent

MAX_DIGITS = 18
MAX_SELECTED = 256

router = APIRouter(tags=["events"])


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {}}},  # the class does not name its type
        **problem_responses(429, 503),
    },
)
async def events(
    manager: Manager,
    access: AccessOf,
    camera_id: Annotated[list[str] | None, Query(max_length=MAX_SELECTED)] = None,
    kind: Annotated[list[EventKind] | None, Query(max_length=MAX_SELECTED)] = None,
    access_token: str | None = None,  # noqa: ARG001 - checked before
    last_event_id: Annotated[str, Header()] = "",
) -> EventSourceResponse:
    """Follow what happens to the cameras: added, removed, source, health, synchronisation.

    `camera_id` and `kind` select; each may be repeated. `Last-Event-ID` resumes from the last
    1,000 events. A token gets those of the cameras and channels that it may see.
    """
    settings = manager.settings
    wanted = (access, frozenset(camera_id or ()), frozenset(kind or ()))
    return EventSourceResponse(
        _follow(manager.events, _start(manager.events, last_event_id), *wanted),
        ping=max(1, round(settings.heartbeat_interval)),
        send_timeout=settings.slow_client_timeout,
        shutdown_grace_period=SHUTDOWN_S,  # the last events are those of the shutdown
        headers={"X-Accel-Buffering": "no"},
    )


def _start(log: EventLog, last_event_id: str) -> int:
    known = len(last_event_id) <= MAX_DIGITS and last_event_id.isdecimal()
    return int(last_event_id) if known else log.newest_id


async def _follow(
    log: EventLog,
    after: int,
    access: Access,
    cameras: frozenset[str],
    kinds: frozenset[EventKind],
) -> AsyncIterator[ServerSentEvent]:
    while True:
        news = log.after(after)
        for event in news:
            after = event.id
            wanted = not cameras or event.camera_id in cameras
            detail = event.detail_for(access) if wanted else None
            if detail is not None and (not kinds or event.kind in kinds):
                yield _on_wire(event, detail)
        if log.closed and not news:
            return
        if not news:
            await log.wait()


def _on_wire(event: LoggedEvent, detail: str) -> ServerSentEvent:
    members = {"at": event.at, "camera_id": event.camera_id, "detail": detail}
    return ServerSentEvent(json.dumps(members), event=event.kind, id=str(event.id))
