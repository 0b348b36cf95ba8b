"""Runs the server: binds the port, opens the cameras, serves until a signal asks it to stop."""

from __future__ import annotations

import asyncio
import errno
import gc
import math
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import uvicorn

from streamlab.errors import StreamlabError
from streamlab.media.spec import SourcePolicy
from streamlab.server.app import Mount, create_app
from streamlab.server.open_files import make_room
from streamlab.server.prefix import ForwardedHeaders
from streamlab.server.transport import LineProtocol
from streamlab.signals import stop_signals
from streamlab.viewers import StreamChannelManager

GRACEFUL_SHUTDOWN_S = 2
MAX_UNSENT_BYTES = 65_536
DEAD_PEER_S = 60.0
MAX_QUEUED_MESSAGES = 8  # of a websocket
ACCEPTED_AT_ONCE = 16


class PortInUseError(StreamlabError, OSError):
    """The address cannot be bound: it is in use, or not available on this machine."""


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address. Raises PortInUseError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    _keep_port_to_itself(listener)
    # A client that stops reading is noticed after this much unsent data, not after the megabytes
    # that the kernel would accept by default.
    _set_tcp_option(listener, "TCP_NOTSENT_LOWAT", MAX_UNSENT_BYTES)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"port {port} on {host} is in use", hint="Choose another with --port."
            ) from error
        raise PortInUseError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            hint="Choose an address of this machine with --host and a port above 1023.",
        ) from error
    return listener


def _keep_port_to_itself(listener: socket.socket) -> None:
    """Refuse a port that another program listens on, but not one with lingering connections.

    SO_REUSEADDR allows the latter on POSIX; on Windows it would let two programs share the port,
    so servers set SO_EXCLUSIVEADDRUSE there.
    """
    name = "SO_EXCLUSIVEADDRUSE" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "SO_REUSEADDR"
    listener.setsockopt(socket.SOL_SOCKET, getattr(socket, name), 1)


def _set_tcp_option(listener: socket.socket, name: str, value: int) -> None:
    """Set an option that every connection inherits, where the system supports it.

    Connections work without it. Of the two options that are used, Linux has both, macOS
    TCP_NOTSENT_LOWAT, and Windows neither.
    """
    option = getattr(socket, name, None)
    if option is not None:
        with suppress(OSError):  # known to Python, but not to this kernel (as under WSL 1)
            listener.setsockopt(socket.IPPROTO_TCP, option, value)


def configure(
    manager: StreamChannelManager,
    policy: SourcePolicy,
    mounts: Mapping[str, Mount],
    listener: socket.socket,
    host: str,
    root_path: str = "",
    *,
    closes_cameras: bool = True,
) -> uvicorn.Config:
    """Return what uvicorn needs to serve these cameras at a listener that was bound to ``host``.

    Makes room for the connections: ``max_connections`` may be lower afterwards.
    ``closes_cameras``: the cameras are closed with the server. Raises InvalidRequestError if
    ``root_path`` is not a path.
    """
    settings = manager.settings
    room = make_room(settings)
    names = (host, listener.getsockname()[0])
    app = create_app(
        manager,
        policy,
        mounts,
        listening_on=names,
        max_others=room.others,
        closes_cameras=closes_cameras,
    )
    return uvicorn.Config(
        ForwardedHeaders(app, root_path),
        proxy_headers=False,  # done by ForwardedHeaders
        http=LineProtocol.with_at_most(room.waiting),
        ws_max_size=settings.max_body_bytes,
        ws_max_queue=MAX_QUEUED_MESSAGES,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
    )


async def serve(
    manager: StreamChannelManager,
    policy: SourcePolicy,
    listener: socket.socket,
    open_cameras: Callable[[], Awaitable[None]],
    mounts: Mapping[str, Mount],
    host: str = "",
    root_path: str = "",
) -> None:
    """Open the cameras, serve until a signal asks to stop, then close everything.

    ``host`` is the name or address that the listener was bound to, and ``root_path`` the path
    below which a proxy offers the server. Raises InvalidRequestError if that is not a path.
    """
    sockets = listeners(listener)
    try:
        await open_cameras()
        _forget_the_dead(listener, manager.settings.slow_client_timeout)
        config = configure(manager, policy, mounts, listener, host, root_path)
        _keep_what_is_there()
        await _Server(config, manager).serve(sockets)
    finally:
        await manager.close()
        for each in sockets:
            each.close()


def listeners(listener: socket.socket) -> list[socket.socket]:
    """Return the sockets to serve: under uvloop, copies of the listener.

    uvloop accepts one connection per socket and pass of the loop. Behind a burst of connections
    every other client would wait for as many passes. asyncio's own loops accept all at once.
    """
    if "uvloop" not in type(asyncio.get_running_loop()).__module__:
        return [listener]
    return [listener, *(listener.dup() for _ in range(ACCEPTED_AT_ONCE - 1))]


def _forget_the_dead(listener: socket.socket, slow_client_timeout_s: float) -> None:
    """Time out connections whose peer acknowledges nothing; they inherit the option.

    The stream itself drops clients that do not read. This is for peers that have vanished, and
    waits longer: a slow reader whose window never opens wide looks the same to the kernel.
    """
    timeout_s = max(DEAD_PEER_S, 3 * slow_client_timeout_s)
    _set_tcp_option(listener, "TCP_USER_TIMEOUT", math.ceil(timeout_s * 1000))


def _keep_what_is_there() -> None:
    """Exempt loaded modules and models from garbage collection, which stops all threads.

    A collection took up to 80 ms in this process: more than two frames, in every stream at once.
    """
    gc.collect()
    gc.freeze()


class _Server(uvicorn.Server):
    """Ends the streams before it waits for connections to close: they would never close."""

    def __init__(self, config: uvicorn.Config, manager: StreamChannelManager) -> None:
        super().__init__(config)
        self._manager = manager

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Treat signals as a request to stop: a server that is asked to stop has not failed."""
        with stop_signals(lambda number: self.handle_exit(number, None)):
            yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._manager.close()
        await super().shutdown(sockets)
