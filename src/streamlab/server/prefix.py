"""A server below a path of another server: the prefix, where it comes from, and redirects.

The prefix is ``root_path`` of the ASGI scope; ``path`` includes it, as ASGI says. It is the one of
the command line, or what a trusted proxy names in ``X-Forwarded-Prefix``, which takes precedence.
A proxy may pass paths on with the prefix or without. One that names no prefix works, too: links
are relative then, those of pages always, and the URLs in events to the URL of their stream.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from streamlab.errors import InvalidRequestError
from streamlab.server.proxied import is_proxied

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

TRUSTED_PROXIES = "FORWARDED_ALLOW_IPS"
"""Environment variable: addresses of proxies, separated by commas. It is uvicorn's."""
_PREFIX = re.compile(r"(/[A-Za-z0-9._~!$&'()*+;=:@%-]+)+")


class ForwardedHeaders:
    """ASGI middleware that applies the prefix, and what trusted proxies say of the client.

    It takes the place of uvicorn's own, behind which the address of the proxy is lost.
    """

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        """Raises InvalidRequestError if ``root_path`` is not a path."""
        trusted = os.environ.get(TRUSTED_PROXIES, "127.0.0.1")
        self._app = ProxyHeadersMiddleware(cast("ASGI3Application", app), trusted)
        self._root_path = parse_root_path(root_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] in ("http", "websocket"):
            scope = with_prefix(scope, self._forwarded_prefix(scope) or self._root_path)
        await cast("ASGIApp", self._app)(scope, receive, send)

    def _forwarded_prefix(self, scope: Scope) -> str:
        client = scope.get("client")
        if client is None or client[0] not in self._app.trusted_hosts:
            return ""
        return _parse(Headers(scope=scope).get("x-forwarded-prefix", "")) or ""


class RelativeRedirects:
    """ASGI middleware that makes redirects of a missing or additional slash relative.

    The router would name the host, and no prefix that it does not know.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def send_relative(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 307:
                MutableHeaders(scope=message)["Location"] = _other_slash(scope)
            await send(message)

        await self._app(scope, receive, send_relative if scope["type"] == "http" else send)


def parse_root_path(text: str) -> str:
    """Return a prefix without a slash at its end. Raises InvalidRequestError if it is no path."""
    prefix = _parse(text)
    if prefix is None:
        raise InvalidRequestError(
            "--root-path is not a path", hint="It must look like /cameras or /user/me/proxy/8000."
        )
    return prefix


def with_prefix(scope: Scope, prefix: str) -> Scope:
    """Return the scope of the same request below a prefix."""
    if not prefix:
        return scope
    path: str = scope["path"]
    raw_path: bytes = scope.get("raw_path") or quote(path).encode()
    if path.startswith("/") and path != prefix and not path.startswith(f"{prefix}/"):
        path, raw_path = prefix + path, quote(prefix).encode() + raw_path
    return {**scope, "root_path": prefix, "path": path, "raw_path": raw_path}


def route_path(scope: Scope) -> str:
    """Return the path of a request below the prefix: what routes and rules are written for."""
    path: str = scope["path"]
    root_path: str = scope.get("root_path", "")
    if root_path and (path == root_path or path.startswith(f"{root_path}/")):
        return path[len(root_path) :] or "/"
    return path


def url_prefix(scope: Scope) -> str:
    """Return the prefix as it is written in URLs; empty if there is none."""
    root_path: str = scope.get("root_path", "")
    return quote(root_path)


def url_root(scope: Scope) -> str:
    """Return the root of the server for URLs in the answer to a request, with a slash at the end.

    Behind a proxy that names no prefix it is relative to the URL of the request: there may be a
    prefix that only the client knows.
    """
    prefix = url_prefix(scope)
    if prefix or not is_proxied(scope):
        return f"{prefix}/"
    return "../" * (route_path(scope).count("/") - 1)


def _parse(text: str) -> str | None:
    """Return a prefix, decoded and without a slash at the end; None if it is not one."""
    text = text.strip().rstrip("/")
    decoded = unquote(text)
    has_dots = any(part in (".", "..") for part in decoded.split("/"))
    if text and (not _PREFIX.fullmatch(text) or has_dots or not decoded.isprintable()):
        return None
    return decoded


def _other_slash(scope: Scope) -> str:
    """Return the path of a request with a slash added or removed at its end, relative to it."""
    path: str = scope["path"]
    stripped = path.rstrip("/")
    name = quote(stripped.rpartition("/")[2])
    slashes = len(path) - len(stripped)
    query = scope["query_string"].decode("latin-1")
    location = "../" * slashes + name if slashes else f"./{name}/"
    return f"{location}?{query}" if query else location
