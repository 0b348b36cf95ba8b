"""Runs the server: binds the port, opens the cameras, serves until a signal asks it to stop."""

from __future__ import annotations

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
from streamlab.server.transport import LineProtocol
from streamlab.signals import stop_signals
from streamlab.viewers import StreamChannelManager

GRACEFUL_SHUTDOWN_S = 2
MAX_UNSENT_BYTES = 65_536
DEAD_PEER_S = 60.0


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


async def serve(
    manager: StreamChannelManager,
    policy: SourcePolicy,
    listener: socket.socket,
    open_cameras: Callable[[], Awaitable[None]],
    mounts: Mapping[str, Mount],
) -> None:
    """Open the cameras, serve until a signal asks to stop, then close everything."""
    try:
        await open_cameras()
        _forget_the_dead(listener, manager.settings.slow_client_timeout)
        config = uvicorn.Config(
            create_app(manager, policy, mounts),
            http=LineProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
        )
        _keep_what_is_there()
        await _Server(config, manager).serve([listener])
    finally:
        await manager.close()
        listener.close()


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
