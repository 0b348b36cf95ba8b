"""HTTP connections to the addresses that were checked, whatever their names resolve to later."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import httpx

from streamlab.media.limits import SourceLimits
from streamlab.media.networks import Network, checked_addresses

MAX_CONNECTIONS = 8
_POOL = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=1)


def transport_of(limits: SourceLimits | None) -> httpx.BaseTransport:
    """Return the transport for a source; ``limits``: None for an operator's own source.

    Certificates are not verified, since cameras use self-signed ones.
    """
    transport = httpx.HTTPTransport(verify=False, limits=_POOL)
    return transport if limits is None else CheckedTransport(transport, limits.networks)


class CheckedTransport(httpx.BaseTransport):
    """Resolves the host of each request itself, and connects to an address that may be named.

    Raises SourceNotAllowedError if the host resolves to one that may not. ``allowed``: see
    ``media.networks``.
    """

    def __init__(self, transport: httpx.BaseTransport, allowed: Sequence[Network]) -> None:
        self._transport = transport
        self._allowed = allowed

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address that accepts a connection."""
        host = request.url.raw_host.decode("ascii")
        try:
            addresses = checked_addresses(host, self._allowed)
        except socket.gaierror:
            raise httpx.ConnectError("the host name is not known", request=request) from None
        failure: httpx.TransportError = httpx.ConnectError("the host has no address")
        for address in addresses:
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,  # with the name, as Host
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return self._transport.handle_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
