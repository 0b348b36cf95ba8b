"""Which web pages may change something or open a websocket: this server's own, and allowed ones.

Browsers send the origin of the page with every such request to another site. Rules:

- a client that sends no ``Origin`` is not a page, and is not asked for one;
- the server's own origin is that of the ``Host`` it was asked for, which ``hosts`` has checked. A
  page of https is its own as well where a proxy has taken TLS off, but on a server of https a page
  of http is not: anyone on the way could have written it;
- any other must be in the setting ``allowed_origins``, where ``*`` allows all.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from streamlab.server import proxied
from streamlab.server.hosts import is_loopback
from streamlab.server.problems import problem
from streamlab.server.proxied import is_proxied
from streamlab.server.refusal import is_safe, refuse

DEFAULT_PORTS = {"http": 80, "https": 443}
HINT = "Add the origin of the page to the server's setting allowed_origins."


class OriginCheck:
    """ASGI middleware that answers 403 to pages elsewhere that try to change something."""

    def __init__(self, app: ASGIApp, allowed_origins: Iterable[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "lifespan" or is_safe(scope) or self._allow(scope):
            await self._app(scope, receive, send)
        else:
            detail = "a page of another site may not do this"
            hint = f"{HINT} {proxied.HINT}" if _may_be_of_a_proxy(scope) else HINT
            await refuse(scope, receive, send, problem(403, "Origin not allowed", detail, hint))

    def _allow(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        host, is_secure = headers.get("host", ""), scope["scheme"] in ("https", "wss")
        return "*" in self._allowed or all(
            origin in self._allowed or _is_own(origin, host, is_secure=is_secure)
            for origin in headers.getlist("origin")
        )


def _may_be_of_a_proxy(scope: Scope) -> bool:
    """Return True if the page may be the server's own, behind a proxy that replaces ``Host``."""
    headers = Headers(scope=scope)
    page = headers.get("origin", "").partition("://")[2]
    return is_proxied(scope) or (is_loopback(headers.get("host", "")) and not is_loopback(page))


def _is_own(origin: str, host: str, *, is_secure: bool) -> bool:
    scheme, _, authority = origin.partition("://")
    if scheme not in DEFAULT_PORTS or (is_secure and scheme != "https"):
        return False
    return _name_and_port(authority, scheme) == _name_and_port(host, scheme) is not None


def _name_and_port(authority: str, scheme: str) -> tuple[str, int] | None:
    """Return the parts of ``name:port``, the port by default that of the scheme; None if wrong."""
    try:
        parts = urlsplit(f"//{authority}")
        port = parts.port or DEFAULT_PORTS[scheme]
    except ValueError:
        return None
    is_plain = parts.netloc == authority and "@" not in authority
    return (parts.hostname, port) if parts.hostname and is_plain else None
