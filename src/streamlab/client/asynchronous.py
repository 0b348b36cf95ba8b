"""The asyncio client."""

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
STALL_TIMEOUT_S = 40.0  # an idle server sends a heartbeat every 15 s by default

TRACE_TIMEOUT_S = 60.0
"""Time that a trace may take beyond the duration of the recording."""


class AsyncClient:
    """Connects to one server. An async context manager.

    ``token`` is sent as ``Authorization: Bearer``, to this server only. ``transport`` is an httpx
    transport, for proxies, client certificates or a Unix socket.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Raises InvalidRequestError if ``url`` is not a server URL."""
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

        A stream of several cameras cannot be resumed: after a reconnect each camera continues
        with its newest GOP, and what is missing before that is a gap.

        Entering the stream raises the error that the server answers with (UnknownCameraError for
        an unknown camera), or ServerUnreachableError.

        Args:
            camera: a camera id, or several.
            channels: the name of a channel, ``both`` (raw and annotated), or names joined by
                commas.
            raw_quality: quality of the raw channel.
            annotated_quality: quality of every other channel.
            detections: also deliver the detections of each frame as events.
            payload: ``url`` fetches each fragment with a separate request, which a cache can
                answer.
            reconnect: when to reconnect; ``Reconnect()`` by default.
            stall_timeout_s: a connection that is silent for this long counts as lost.

        Raises:
            InvalidRequestError: an argument is invalid.
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
        """Return the cameras as ``GET /cameras`` lists them.

        Raises ServerUnreachableError, and ProtocolError if the answer is not a list of cameras.
        """
        answer = await self._http.ask("GET", "cameras")
        if not isinstance(answer, dict) or not isinstance(answer.get("cameras"), list):
            raise ProtocolError(
                f"{self._http.url} does not list cameras", hint="Is it a streamlab server?"
            )
        return list(answer["cameras"])

    async def sync_stats(self, camera_id: str, *, window_s: float = 60.0) -> dict[str, Any]:
        """Return the drift of the camera's channels at release over the last ``window_s`` seconds.

        Raises UnknownCameraError, ServerUnreachableError.
        """
        path = f"{camera_path(camera_id)}/sync-stats"
        return dict(await self._http.ask("GET", path, query={"window_s": window_s}))

    async def trace(self, camera_id: str, *, seconds: float) -> AsyncGenerator[bytes, None]:
        """Record a trace of a camera on the server; yield the Parquet file in chunks once complete.

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
        """Change a running camera (``PATCH /cameras/{camera_id}``); None leaves a value unchanged.

        ``faults={}`` clears all injected faults. Returns the server's answer.

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
