"""Tells clients apart, for limits that hold for each of them."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

IPV6_PREFIX = 64  # of the addresses that one client can choose from
LOOPBACK_V6 = str(ip_network(("::1", IPV6_PREFIX), strict=False))


def limited_client_of(scope: Scope) -> str:
    """Return who sent a request, as ``client_of``; '' for a client of this machine.

    Such clients share an address with each other, and with a proxy that does not name its own.
    """
    client = client_of(scope)
    return "" if client == LOOPBACK_V6 or client.startswith("127.") else client


def client_of(scope: Scope) -> str:
    """Return who sent a request: an IPv4 address or a network of IPv6; '' if that is not known.

    Behind a proxy that the server trusts it is the address that the proxy names.
    """
    host: str = (scope.get("client") or ("", 0))[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, IPV6_PREFIX), strict=False))
