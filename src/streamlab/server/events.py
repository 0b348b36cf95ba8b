"""What happens to the cameras of a server, as server-sent events of low rate."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from streamlab.server.streams import Manager
from streamlab.viewers.event_log import EventKind, EventLog, LoggedEvent

MAX_DIGITS = 18
SHUTDOWN_S = 5.0

router = APIRouter(tags=["events"])


@router.get("/events", response_class=EventSourceResponse)
async def events(
    manager: Manager,
    camera_id: Annotated[list[str] | None, Query()] = None,
    kind: Annotated[list[EventKind] | None, Query()] = None,
    access_token: str | None = None,  # noqa: ARG001 - checked before
    last_event_id: Annotated[str, Header()] = "",
) -> EventSourceResponse:
    """Follow what happens to the cameras: added, removed, source, health, synchronisation.

    `camera_id` and `kind` select; each may be repeated. `Last-Event-ID` resumes from the last
    1,000 events.
    """
    settings = manager.settings
    wanted = (frozenset(camera_id or ()), frozenset(kind or ()))
    return EventSourceResponse(
        _follow(manager.events, _start(manager.events, last_event_id), *wanted),
        ping=max(1, round(settings.heartbeat_interval)),
        send_timeout=settings.slow_client_timeout,
        shutdown_grace_period=SHUTDOWN_S,  # the last events are those of the shutdown
        headers={"X-Accel-Buffering": "no"},
    )


def _start(log: EventLog, last_event_id: str) -> int:
    known = last_event_id.isdecimal() and len(last_event_id) <= MAX_DIGITS
    return int(last_event_id) if known else log.newest_id


async def _follow(
    log: EventLog, after: int, cameras: frozenset[str], kinds: frozenset[EventKind]
) -> AsyncIterator[ServerSentEvent]:
    while True:
        news = log.after(after)
        for event in news:
            after = event.id
            if (not cameras or event.camera_id in cameras) and (not kinds or event.kind in kinds):
                yield _on_wire(event)
        if log.closed and not news:
            return
        if not news:
            await log.wait()


def _on_wire(event: LoggedEvent) -> ServerSentEvent:
    members = {"at": event.at, "camera_id": event.camera_id, "detail": event.detail}
    return ServerSentEvent(json.dumps(members), event=event.kind, id=str(event.id))
