"""Runs the server: binds the port, opens the cameras, serves until it is told to stop."""

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
    """Another program listens on the address already, or it is not this machine's."""


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address. Raises PortInUseError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    _keep_port_to_itself(listener)
    # A client that stops reading is noticed after this much unsent data, not after the megabytes
    # that the kernel would take by default.
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
    """Refuse a port that another program listens on, but not one whose last connections linger.

    SO_REUSEADDR means the latter on POSIX; on Windows it would let two programs share the port,
    and SO_EXCLUSIVEADDRUSE is what a server sets there.
    """
    name = "SO_EXCLUSIVEADDRUSE" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "SO_REUSEADDR"
    listener.setsockopt(socket.SOL_SOCKET, getattr(socket, name), 1)


def _set_tcp_option(listener: socket.socket, name: str, value: int) -> None:
    """Set an option that every connection inherits, where the system has it.

    Connections work without it. Linux has both of ours, macOS TCP_NOTSENT_LOWAT, Windows none.
    """
    option = getattr(socket, name, None)
    if option is not None:
        with suppress(OSError):  # known to Python, but not to this kernel (as under WSL 1)
            listener.setsockopt(socket.IPPROTO_TCP, option, value)


async def serve(
    channels: StreamChannelManager,
    policy: SourcePolicy,
    listener: socket.socket,
    open_cameras: Callable[[], Awaitable[None]],
    mounts: Mapping[str, Mount],
) -> None:
    """Open the cameras, then serve until a signal asks to stop; everything is closed after."""
    try:
        await open_cameras()
        _forget_the_dead(listener, channels.settings.slow_client_timeout)
        config = uvicorn.Config(
            create_app(channels, policy, mounts),
            http=LineProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
        )
        _keep_what_is_there()
        await _Server(config, channels).serve([listener])
    finally:
        await channels.close()
        listener.close()


def _forget_the_dead(listener: socket.socket, slow_client_timeout_s: float) -> None:
    """Have connections end whose peer acknowledges nothing for a while; they inherit it.

    Clients that do not read are dropped by the stream itself. This is for peers that are gone, and
    waits longer: a slow reader whose window never opens wide looks the same to the kernel.
    """
    timeout_s = max(DEAD_PEER_S, 3 * slow_client_timeout_s)
    _set_tcp_option(listener, "TCP_USER_TIMEOUT", math.ceil(timeout_s * 1000))


def _keep_what_is_there() -> None:
    """Spare modules and models the garbage collector, for it stops all threads while it looks.

    A collection took up to 80 ms of this process: more than two frames, in every stream at once.
    """
    gc.collect()
    gc.freeze()


class _Server(uvicorn.Server):
    """Ends the streams before it waits for connections to close: they would go on for ever."""

    def __init__(self, config: uvicorn.Config, channels: StreamChannelManager) -> None:
        super().__init__(config)
        self._channels = channels

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals as a wish to stop: a server that was told to end has not failed."""
        with stop_signals(lambda number: self.handle_exit(number, None)):
            yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._channels.close()
        await super().shutdown(sockets)
