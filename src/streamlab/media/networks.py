"""Which hosts a source given over HTTP may name.

Refused are the addresses of this machine, of its links, and of the metadata services of clouds,
unless ``allowed_networks`` names them. What counts is what a host name resolves to, and the IPv4
address inside an IPv6 one. Private networks are allowed: cameras are there.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

from streamlab.errors import SourceNotAllowedError

Network: TypeAlias = IPv4Network | IPv6Network
IpAddress: TypeAlias = IPv4Address | IPv6Address

MAX_ADDRESSES = 8
LOCAL: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # connects to this machine
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, and the metadata of most clouds
            "255.255.255.255/32",
            "100.100.100.200/32",  # metadata: Alibaba
            "168.63.129.16/32",  # metadata: Azure
            "192.0.0.192/32",  # metadata: Oracle
            "::/128",
            "::1/128",
            "fe80::/10",
            "fec0::/10",
            "fd00:ec2::/32",  # metadata: AWS
            "fd20:ce::254/128",  # metadata: Google
        ),
    )
)
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_IPV4_BITS = 0xFFFF_FFFF


def check_address(address: IpAddress, host: str, allowed: Sequence[Network]) -> None:
    """Raise SourceNotAllowedError if an address may not be named. ``host``: as it was given."""
    for form in (address, *_embedded(address)):
        if _is_in(form, LOCAL) and not _is_in(form, allowed) and not _is_in(address, allowed):
            shown = f"'{host}'" if host == str(form) else f"'{host}' is {form}, which"
            raise SourceNotAllowedError(
                f"{shown} belongs to this machine, its links or its cloud",
                hint="Sources added over HTTP may not name it, unless the setting "
                "allowed_networks does.",
            )


def check_literal(host: str, allowed: Sequence[Network]) -> None:
    """Do as ``check_address`` for a host written as an address; a name is not resolved."""
    address = literal_address(host)
    if address is not None:
        check_address(address, host, allowed)


def literal_address(host: str) -> IpAddress | None:
    """Return the address a host is written as, in any form that resolvers take: ``0x7f.1``."""
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return IPv4Address("127.0.0.1")
    with suppress(ValueError):
        return ip_address(host)
    with suppress(OSError, ValueError):
        return IPv4Address(socket.inet_aton(host))
    return None


def checked_addresses(host: str, allowed: Sequence[Network]) -> list[str]:
    """Resolve a host and return its addresses, at most ``MAX_ADDRESSES``.

    Raises SourceNotAllowedError if one of them may not be named, gaierror if there is none.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror("the host name cannot be encoded") from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    for each in addresses:
        check_address(ip_address(each), host, allowed)
    return addresses[:MAX_ADDRESSES]


def check_hosts(hosts: Iterable[str], allowed: Sequence[Network]) -> None:
    """Do as ``check_address`` for all that hosts resolve to; others may be no host names at all."""
    for host in hosts:
        with suppress(socket.gaierror):
            checked_addresses(host, allowed)


def _embedded(address: IpAddress) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    is_compatible = 0xFFFF < int(address) <= _IPV4_BITS
    if is_compatible or _is_in(address, _NAT64):
        yield IPv4Address(int(address) & _IPV4_BITS)


def _is_in(address: IpAddress, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
