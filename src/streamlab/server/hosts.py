"""Which names of this server a client may use in ``Host``, checked before anything else.

A web page elsewhere can make its own name resolve to this machine (DNS rebinding). Its requests
then count as its own server's to the browser, but they carry its name in ``Host``. Rules:

- loopback names and addresses are allowed, and so are the name and address listened on;
- on a wildcard address any literal IP address is allowed: no page can be served under one that it
  does not have. Names are not: they are what an attacker can choose;
- the setting ``allowed_hosts`` adds names, ``*.example.org`` all below one, and ``*`` any;
- the port is not compared, for proxies and forwarded ports change it.

Starlette's TrustedHostMiddleware knows neither IPv6 addresses nor the rule about wildcards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from streamlab.server import proxied
from streamlab.server.problems import problem
from streamlab.server.proxied import is_proxied
from streamlab.server.refusal import refuse

_HOST = re.compile(r"(\[[^\[\]]+\]|[^\[\]:/@\s]+)(:\d{0,5})?")
HINT = "Use an address of the server, or add the name in the URL to its setting allowed_hosts."


class Hosts:
    """The names and addresses by which a server may be addressed."""

    def __init__(self, allowed: Iterable[str], listening_on: Iterable[str] = ()) -> None:
        """``allowed`` are names of the settings; ``listening_on`` what the server is bound to."""
        bound = [_normal(name) for name in listening_on]
        self._names = {_normal(name) for name in allowed} | set(bound)
        self._suffixes = tuple(name[1:] for name in self._names if name.startswith("*."))
        self._any_address = any(_is_wildcard(name) for name in bound)

    def allow(self, host: str) -> bool:
        """Return True if a client may send this as ``Host``."""
        if "*" in self._names:
            return True
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = _normal(match[1])
        if name in self._names or name.endswith(self._suffixes) or _is_loopback_name(name):
            return True
        address = _address(name)
        return address is not None and (self._any_address or _is_loopback(address))


class HostCheck:
    """ASGI middleware that answers 421 to requests for a host that is not allowed."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).getlist("host")
        # Clients of HTTP/1.0 need not name a host, and no browser is one.
        is_old = not given and scope.get("http_version") in ("0.9", "1.0")
        if is_old or (len(given) == 1 and self._hosts.allow(given[0])):
            await self._app(scope, receive, send)
        else:
            detail = "this server is not addressed as the Host header says"
            hint = f"{HINT} {proxied.HINT}" if is_proxied(scope) else HINT
            await refuse(scope, receive, send, problem(421, "Host not allowed", detail, hint))


def _normal(name: str) -> str:
    """Return a name in lower case, without a final dot, and an address in its shortest form."""
    name = name.strip("[]").lower().removesuffix(".")
    address = _address(name)
    return name if address is None else str(address)


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name.partition("%")[0] if ":" in name else name)  # without a zone
    except ValueError:
        return None


def _is_wildcard(name: str) -> bool:
    address = _address(name)
    return address is not None and address.is_unspecified


def is_loopback(host: str) -> bool:
    """Return True if a ``Host`` names this machine, with or without a port."""
    match = _HOST.fullmatch(host)
    name = _normal(match[1]) if match is not None else ""
    address = _address(name)
    return _is_loopback_name(name) or (address is not None and _is_loopback(address))


def _is_loopback_name(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost")  # RFC 6761, 6.3


def _is_loopback(address: IPv4Address | IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None)
    return bool((inner or address).is_loopback)
