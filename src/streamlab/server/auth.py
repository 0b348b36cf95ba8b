"""Token authentication: who may watch and who may change cameras, checked before all else.

Rules:

- a token comes as ``Authorization: Bearer …`` (RFC 6750) or, since EventSource cannot set headers,
  as ``access_token`` in the query; a missing one is answered with 401, a wrong one with 403;
- a page that a browser opened with ``access_token`` gets a cookie for the requests that it makes
  itself. The cookie is valid for reading only, so that no other site's page can act with it. A
  browser sends the cookies of all servers of a host: those that are not a token of this one count
  as no token, however they are written;
- a token may be limited to cameras and channels, and what is not redacted of a camera that redacts
  requires a token of ``unredacted_tokens``. This file finds out what a request has access to;
  routes and cameras enforce it;
- whatever changes a camera requires a token of ``admin_tokens``, or one without limits if there are
  none; what a viewer does to its own stream (``POST /streams/…``) does not;
- the applications that are mounted know no tokens: they require one that may change every camera
  and, while a camera redacts, may see everything unredacted;
- ``/healthz`` and the page, which is the same for everyone, are open.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from streamlab.core.access import NOTHING, Access, Grant
from streamlab.server.access import ACCESS
from streamlab.server.prefix import route_path, url_prefix
from streamlab.server.problems import problem
from streamlab.tokens import Token

COOKIE = "streamlab_token"
OPEN_PATHS = ("/", "/healthz")
OPEN_FOLDER, STREAMS = "/static/", "/streams/"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1
_Known = tuple[bytes, Grant]
ADD_TOKEN = "Send 'Authorization: Bearer TOKEN', or add ?access_token=TOKEN to the URL."


class TokenAuth:
    """ASGI middleware that refuses requests without a valid token.

    Paths below ``admin_paths`` require an admin token.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Iterable[Token],
        admin_tokens: Iterable[Token],
        admin_paths: Iterable[str],
        *,
        unredacted_tokens: Iterable[Token] = (),
        redacts: Callable[[], bool] = lambda: False,
    ) -> None:
        """``redacts`` returns True while a camera redacts."""
        self._app, self._redacts = app, redacts
        self._admin_paths = tuple(admin_paths)
        self._unredacted, changing = _known(unredacted_tokens), _known(admin_tokens)
        watching = _known(tokens) + self._unredacted
        self._watching = watching + changing
        self._changing = changing or [each for each in watching if each[1].is_unlimited]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it with a reason."""
        scope[ACCESS] = NOTHING
        if scope["type"] == "lifespan" or _is_open(route_path(scope)):
            await self._app(scope, receive, send)
            return
        header, query, cookies = _presented(scope)
        valid_cookies = [each for each in cookies if self._access(each).watching]
        token = header or query or "".join(valid_cookies[:1])
        access = scope[ACCESS] = self._access(token)
        if not access.watching:
            await _refuse(scope, receive, send, missing=not token)
        elif self._needs_unredacted(scope) and not access.watches_everything_unredacted:
            await _refuse(scope, receive, send, missing=False, unredacted=True)
        elif self._is_mounted(scope) and access.changing and not access.changes_everything:
            await _refuse(scope, receive, send, missing=False, limited=True)
        elif self._changes_cameras(scope) and not access.changing:
            await _refuse(scope, receive, send, missing=False, changing=True)
        elif query and token == query and _is_page(scope):
            await self._app(scope, receive, _with_cookie(send, query, scope))
        else:
            await self._app(scope, receive, send)

    def _access(self, token: str) -> Access:
        presented = token.encode()
        known = (self._watching, self._unredacted, self._changing)
        return Access(*(_grants(presented, each) for each in known))

    def _needs_unredacted(self, scope: Scope) -> bool:
        return self._is_mounted(scope) and self._redacts()

    def _is_mounted(self, scope: Scope) -> bool:
        return route_path(scope).startswith(self._admin_paths) or scope["type"] == "websocket"

    def _changes_cameras(self, scope: Scope) -> bool:
        if self._is_mounted(scope):
            return True
        return scope["method"] not in SAFE_METHODS and not route_path(scope).startswith(STREAMS)


def _known(tokens: Iterable[Token]) -> list[_Known]:
    return [(each.token.get_secret_value().encode(), each.grant) for each in tokens]


def _grants(presented: bytes, known: list[_Known]) -> tuple[Grant, ...]:
    """Return the grants of a token; each is compared, so that time tells nothing."""
    same = [(hmac.compare_digest(presented, token), grant) for token, grant in known]
    return tuple(grant for is_same, grant in same if is_same)


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def _is_page(scope: Scope) -> bool:
    wants = Headers(scope=scope).get("accept", "")
    return scope["type"] == "http" and scope["method"] == "GET" and "text/html" in wants


def _presented(scope: Scope) -> tuple[str, str, list[str]]:
    """Return the tokens of the Authorization header and the query, '' for none, and the cookies."""
    headers = Headers(scope=scope)
    scheme, _, header = headers.get("authorization", "").partition(" ")
    (query,) = parse_qs(scope["query_string"].decode("latin-1")).get("access_token", [""])[-1:]
    reads = scope["type"] == "websocket" or scope["method"] in SAFE_METHODS
    bearer = header.strip() if scheme.lower() == "bearer" else ""
    return bearer, query, _cookies(headers) if reads else []


def _cookies(headers: Headers) -> list[str]:
    """Return the values of all cookies named ``COOKIE``.

    ``http.cookies`` would return nothing if there is a malformed one beside them.
    """
    pairs = (pair for line in headers.getlist("cookie") for pair in line.split(";"))
    named = (pair.partition("=") for pair in pairs)
    return [value.strip().strip('"') for name, _, value in named if name.strip() == COOKIE]


async def _refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    missing: bool,
    changing: bool = False,
    unredacted: bool = False,
    limited: bool = False,
) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(POLICY_VIOLATION)(scope, receive, send)
        return
    if missing:
        response = problem(401, "Token missing", "this server requires a token", ADD_TOKEN)
        response.headers["WWW-Authenticate"] = 'Bearer realm="streamlab"'
    elif changing:
        detail, hint = "this token may watch, but not change cameras", "Use one of admin_tokens."
        response = problem(403, "Token not sufficient", detail, hint)
    elif limited:
        detail = "this token is limited to some cameras, and this is of all"
        response = problem(403, "Token not sufficient", detail, "Use one without limits.")
    elif unredacted:
        detail = "a camera is redacted, and this token may not see it unredacted"
        response = problem(403, "Token not sufficient", detail, "Use one of unredacted_tokens.")
    else:
        response = problem(403, "Token wrong", "this server does not accept the token", ADD_TOKEN)
    await response(scope, receive, send)


def _with_cookie(send: Send, token: str, scope: Scope) -> Send:
    secure = "; Secure" if scope["scheme"] == "https" else ""
    path = f"{url_prefix(scope)}/"

    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            cookie = f"{COOKIE}={token}; Path={path}; HttpOnly; SameSite=Strict{secure}"
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return send_with_cookie
