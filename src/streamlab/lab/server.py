"""The HTTP server for a lab's cameras, run in the lab's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from streamlab.dashboard.asgi import MOUNTS
from streamlab.media.spec import SourcePolicy
from streamlab.server.run import bind, configure, listeners
from streamlab.viewers import StreamChannelManager


class _Server(uvicorn.Server):
    """Installs no signal handlers: signals belong to the notebook."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class LabServer:
    """Serves the cameras of a lab, which outlive it. Create and close it in the lab's loop."""

    def __init__(self, manager: StreamChannelManager, host: str, port: int) -> None:
        """Bind the port and start serving. Raises PortInUseError."""
        settings = manager.settings
        named = [camera.spec for camera in manager.cameras.values()]
        policy = SourcePolicy.of(
            settings.allowed_schemes, settings.allowed_folders, named, settings.allowed_networks
        )
        listener = bind(host, port)
        self.host, self.port = host, listener.getsockname()[1]
        config = configure(
            manager,
            policy,
            MOUNTS,
            listener,
            host,
            closes_cameras=False,
        )
        self._server = _Server(config)
        self._listeners = listeners(listener)
        self._serving = asyncio.create_task(self._server.serve(self._listeners))

    @property
    def url(self) -> str:
        """URL of the page; on 127.0.0.1 if the server listens on all addresses."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    async def start(self) -> None:
        """Wait until the server accepts requests. Raises the error that stopped it, if any.

        A server that was not started, also because this was cancelled, is stopped.
        """
        try:
            while not self._server.started and not self._serving.done():
                await asyncio.sleep(0.01)
            if self._serving.done():
                self._serving.result()
        except BaseException:
            self._server.should_exit = True
            self._stop_listening()
            raise

    async def close(self) -> None:
        """Stop the server. Streams still running are cut off after ``GRACEFUL_SHUTDOWN_S``."""
        self._server.should_exit = True
        await self._serving
        self._stop_listening()

    def _stop_listening(self) -> None:
        for each in self._listeners:
            each.close()
