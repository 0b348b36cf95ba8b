"""The client for asyncio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from streamlab.client.http import Http
from streamlab.client.reconnect import Reconnect
from streamlab.client.session import Payload, Session, camera_path
from streamlab.client.stream import AsyncStream
from streamlab.protocol.parse import ProtocolError

TIMEOUT_S = 10.0
STALL_TIMEOUT_S = 40.0  # a server that has nothing to say says so every 15 s, unless told otherwise

TRACE_TIMEOUT_S = 60.0
"""How much longer than the recording itself a trace may take."""


class AsyncClient:
    """Talks to one server. An async context manager.

    ``token`` goes out as ``Authorization: Bearer``, to this server only. ``transport`` is
    httpx's, for proxies, client certificates or a Unix socket.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Raises InvalidRequestError when ``url`` is no address of a server."""
        self._http = Http(url, token, timeout_s=timeout_s, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.close()

    def watch(
        self,
        camera: str | Sequence[str],
        channels: str = "raw",
        *,
        raw_quality: str = "medium",
        annotated_quality: str = "medium",
        detections: bool = False,
        payload: Payload = "inline",
        reconnect: Reconnect | None = None,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> AsyncStream:
        """Return the stream of a camera, or of several on one connection; enter it to connect.

        ``channels``: the name of a channel, ``both`` (raw and annotated), or names joined by
        commas. ``annotated_quality`` applies to every channel but raw. ``detections``: also the
        boxes of each frame as events. ``payload``: ``url`` fetches each fragment with a request
        of its own, which a cache can answer. A connection that is silent for
        ``stall_timeout_s`` counts as lost. A stream of several cameras cannot be resumed: after
        a reconnect each continues with its newest GOP, and what is missing before that is a gap.

        Raises InvalidRequestError. Entering raises what the server answers (an unknown camera:
        UnknownCameraError), or ServerUnreachableError.
        """
        session = Session.of(
            [camera] if isinstance(camera, str) else list(dict.fromkeys(camera)),
            channels,
            {"raw": raw_quality, "annotated": annotated_quality},
            detections=detections,
            payload=payload,
            multiplexed=not isinstance(camera, str),
        )
        return AsyncStream(self._http, session, reconnect or Reconnect(), stall_timeout_s)

    async def cameras(self) -> list[dict[str, Any]]:
        """Return the cameras as ``GET /cameras`` lists them. Raises ServerUnreachableError."""
        answer = await self._http.ask("GET", "cameras")
        if not isinstance(answer, dict) or not isinstance(answer.get("cameras"), list):
            raise ProtocolError(
                f"{self._http.url} does not list cameras", hint="Is it a streamlab server?"
            )
        return list(answer["cameras"])

    async def sync_stats(self, camera_id: str, *, window_s: float = 60.0) -> dict[str, Any]:
        """Return how far apart the camera's channels were released over the last seconds.

        Raises UnknownCameraError, ServerUnreachableError.
        """
        path = f"{camera_path(camera_id)}/sync-stats"
        return dict(await self._http.ask("GET", path, query={"window_s": window_s}))

    async def trace(self, camera_id: str, *, seconds: float) -> AsyncGenerator[bytes, None]:
        """Have the server record a camera; yield the trace, a Parquet file, when it is over.

        Raises UnknownCameraError, InvalidRequestError, LimitError, ServerUnreachableError.
        """
        path, within_s = f"cameras/{quote(camera_id, safe='')}/trace", seconds + TRACE_TIMEOUT_S
        body = self._http.download(path, {"seconds": seconds}, within_s=within_s)
        async with aclosing(body) as chunks:
            async for chunk in chunks:
                yield chunk

    async def update(
        self,
        camera_id: str,
        *,
        sync_policy: str | None = None,
        sync_tolerance_ms: float | None = None,
        max_playout_delay_ms: float | None = None,
        max_stale_fraction: float | None = None,
        faults: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Change a running camera (``PATCH /cameras/{camera_id}``); what is None stays as it is.

        ``faults={}`` ends all faults. Returns the server's answer.

        Raises UnknownCameraError, InvalidRequestError, ServerUnreachableError.
        """
        settings = {
            "sync_policy": sync_policy,
            "sync_tolerance_ms": sync_tolerance_ms,
            "max_playout_delay_ms": max_playout_delay_ms,
            "max_stale_fraction": max_stale_fraction,
            "faults": faults,
        }
        body = {name: value for name, value in settings.items() if value is not None}
        path = f"cameras/{quote(camera_id, safe='')}"
        return dict(await self._http.ask("PATCH", path, body=body) or {})
