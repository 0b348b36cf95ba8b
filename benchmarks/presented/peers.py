"""What others would use to show the same fragments: hls.js and WebRTC, in a server of their own.

It watches the camera as any client does, and so also knows when each frame was captured.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from benchmarks.presented.hls import Playlist
from streamlab.client import AsyncClient, Fragment, Init

HERE = Path(__file__).parent
HLS_JS = HERE.parent / "node_modules" / "hls.js" / "dist" / "hls.min.js"
PART_FRAMES = 6  # 200 ms: less costs more requests than the parts gain
GOP_S = 1.0
MAX_CAPTURES = 30_000
START_TIMEOUT_S = 30.0
RELOAD_TIMEOUT_S = 3.0


def has_hls_js() -> bool:
    """Return whether hls.js was installed (`npm install` in `benchmarks/`)."""
    return HLS_JS.exists()


def has_aiortc() -> bool:
    """Return whether aiortc is installed."""
    return find_spec("aiortc") is not None


class Peers:
    """The fragments of one camera's raw channel, given out in other ways."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.captured_at: dict[int, float] = {}
        """Unix seconds by pts, of the newest ``MAX_CAPTURES`` frames."""
        self.way_ms: deque[float] = deque(maxlen=MAX_CAPTURES)
        """From a fragment's release to its being here."""
        self.init: Init | None = None
        self.playlist: Playlist | None = None
        self.grown = asyncio.Condition()
        self.tracks: list[Any] = []
        self.connections: list[Any] = []
        self.ready = threading.Event()

    async def watch(self) -> None:
        """Read the camera's stream until cancelled."""
        async with AsyncClient(self._url) as client, client.watch("street") as stream:
            async for event in stream:
                if isinstance(event, Init):
                    self.init = event
                    self.playlist = Playlist(event.fps, part_frames=PART_FRAMES, gop_s=GOP_S)
                elif isinstance(event, Fragment):
                    await self._receive(event)

    async def _receive(self, fragment: Fragment) -> None:
        self.way_ms.append((time.time() - fragment.released_at) * 1000)
        for track in self.tracks:
            track.receive(fragment)
        for frame in fragment.frames:
            self.captured_at[frame.pts] = fragment.captured_at + (frame.pts - fragment.pts) / 90_000
        while len(self.captured_at) > MAX_CAPTURES:
            del self.captured_at[next(iter(self.captured_at))]
        assert self.playlist is not None
        if self.playlist.receive(fragment.data, fragment.duration, keyframe=fragment.keyframe):
            async with self.grown:
                self.grown.notify_all()
            self.ready.set()

    # -- what a browser asks for

    async def playlist_text(self, request: Request) -> Response:
        """Answer with a playlist, once it has what was asked for."""
        assert self.playlist is not None
        playlist, query = self.playlist, request.query_params
        if "_HLS_msn" in query:
            number, part = int(query["_HLS_msn"]), int(query.get("_HLS_part", 0))
            async with asyncio.timeout(RELOAD_TIMEOUT_S), self.grown:
                await self.grown.wait_for(lambda: playlist.has(number, part))
        text = playlist.text(low_latency=request.url.path.endswith("low.m3u8"))
        return Response(text, media_type="application/vnd.apple.mpegurl")

    async def media(self, request: Request) -> Response:
        """Answer with a segment, or a part of one."""
        assert self.playlist is not None
        number, _, part = request.path_params["name"].partition(".")
        segment = self.playlist.segment(int(number))
        if segment is None or (part and int(part) >= len(segment.parts)):
            raise HTTPException(404)
        data = segment.parts[int(part)].data if part else segment.data
        return Response(data, media_type="video/mp4")

    async def init_segment(self, _: Request) -> Response:
        """Answer with the init segment."""
        assert self.init is not None
        return Response(self.init.data, media_type="video/mp4")

    async def offer(self, request: Request) -> Response:
        """Answer a browser's WebRTC offer."""
        from benchmarks.presented.webrtc import FragmentTrack, answer  # noqa: PLC0415 - optional

        assert self.init is not None
        await self.close_connections()
        track = FragmentTrack(self.init)
        connection, described = await answer(track, await request.json())
        self.tracks, self.connections = [track], [connection]
        return JSONResponse(described)

    async def close_connections(self) -> None:
        """End what WebRTC there is."""
        self.tracks = []
        for connection in self.connections:
            await connection.close()
        self.connections = []

    def app(self) -> Starlette:
        """Return the server."""
        files = {
            "/hls.js": HLS_JS,
            "/hls_player.html": HERE / "hls_player.html",
            "/webrtc_player.html": HERE / "webrtc_player.html",
        }

        async def file(request: Request) -> Response:
            return FileResponse(files[request.url.path])

        return Starlette(
            routes=[
                *(Route(path, file) for path in files),
                Route("/low.m3u8", self.playlist_text),
                Route("/plain.m3u8", self.playlist_text),
                Route("/init.mp4", self.init_segment),
                Route("/{name}.m4s", self.media),
                Route("/offer", self.offer, methods=["POST"]),
            ]
        )


@contextmanager
def serve_peers(url: str) -> Iterator[tuple[str, Peers]]:
    """Run the peers beside the server at ``url``; yields their address. Raises RuntimeError."""
    listener = socket.create_server(("127.0.0.1", 0))
    peers = Peers(url)
    config = uvicorn.Config(peers.app(), log_level="error", lifespan="off")
    server = uvicorn.Server(config)

    async def run() -> None:
        watching = asyncio.create_task(peers.watch())
        await server.serve([listener])
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await peers.close_connections()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="peers")
    thread.start()
    try:
        if not peers.ready.wait(START_TIMEOUT_S):
            raise RuntimeError("the camera gave no fragments")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", peers
    finally:
        server.should_exit = True
        thread.join()
