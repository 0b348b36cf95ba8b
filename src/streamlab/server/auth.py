"""Token authentication: who may watch and who may change cameras, checked before all else.

Rules:

- a token comes as ``Authorization: Bearer …`` (RFC 6750) or, since EventSource cannot set headers,
  as ``access_token`` in the query; a missing one is answered with 401, a wrong one with 403;
- a page that a browser opened with ``access_token`` gets a cookie for the requests that it makes
  itself. The cookie is valid for reading only, so that no other site's page can act with it;
- what is not redacted of a camera that redacts requires a token of ``unredacted_tokens``: this
  file finds out whether a request has that right, the cameras enforce it. The applications that
  are mounted know no tokens; while a camera redacts they require such a token as well;
- whatever changes a camera requires a token of ``admin_tokens``, if there are any; what a viewer
  does to its own stream (``POST /streams/…``) does not;
- ``/healthz`` and the page, which is the same for everyone, are open.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from pydantic import SecretStr
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from streamlab.server.problems import problem

COOKIE = "streamlab_token"
OPEN_PATHS = ("/", "/healthz")
OPEN_FOLDER, STREAMS = "/static/", "/streams/"
UNREDACTED = "streamlab.unredacted"
"""Key of the ASGI scope: whether the request may see what is not redacted."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1
ADD_TOKEN = "Send 'Authorization: Bearer TOKEN', or add ?access_token=TOKEN to the URL."


class TokenAuth:
    """ASGI middleware that refuses requests without a valid token.

    Paths below ``admin_paths`` require an admin token.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Iterable[SecretStr],
        admin_tokens: Iterable[SecretStr],
        admin_paths: Iterable[str],
        *,
        unredacted_tokens: Iterable[SecretStr] = (),
        redacts: Callable[[], bool] = lambda: False,
    ) -> None:
        """``redacts`` returns True while a camera redacts."""
        self._app = app
        self._unredacted, self._redacts = _encoded(unredacted_tokens), redacts
        self._admin_paths = tuple(admin_paths)
        watching, changing = _encoded(tokens), _encoded(admin_tokens)
        watching += self._unredacted
        self._watching = watching + changing
        self._changing = changing or watching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it with a reason."""
        if scope["type"] == "lifespan" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        header, query, cookie = _presented(scope)
        token = header or query or cookie
        scope[UNREDACTED] = self._is_one_of(token, self._unredacted)
        if not self._is_one_of(token, self._watching):
            await _refuse(scope, receive, send, missing=not token)
        elif self._is_mounted(scope) and self._redacts() and not scope[UNREDACTED]:
            await _refuse(scope, receive, send, missing=False, unredacted=True)
        elif self._changes_cameras(scope) and not self._is_one_of(token, self._changing):
            await _refuse(scope, receive, send, missing=False, changing=True)
        elif query and token == query and _is_page(scope):
            await self._app(scope, receive, _with_cookie(send, query, scope["scheme"]))
        else:
            await self._app(scope, receive, send)

    def _is_mounted(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path.startswith(self._admin_paths) or scope["type"] == "websocket"

    def _changes_cameras(self, scope: Scope) -> bool:
        if self._is_mounted(scope):
            return True
        return scope["method"] not in SAFE_METHODS and not scope["path"].startswith(STREAMS)

    @staticmethod
    def _is_one_of(token: str, known: list[bytes]) -> bool:
        presented = token.encode()
        return sum(hmac.compare_digest(presented, each) for each in known) > 0  # no early exit


def _encoded(tokens: Iterable[SecretStr]) -> list[bytes]:
    return [token.get_secret_value().encode() for token in tokens]


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def _is_page(scope: Scope) -> bool:
    wants = Headers(scope=scope).get("accept", "")
    return scope["type"] == "http" and scope["method"] == "GET" and "text/html" in wants


def _presented(scope: Scope) -> tuple[str, str, str]:
    """Return the tokens of the Authorization header, the query and the cookie; '' for none."""
    headers = Headers(scope=scope)
    scheme, _, header = headers.get("authorization", "").partition(" ")
    (query,) = parse_qs(scope["query_string"].decode("latin-1")).get("access_token", [""])[-1:]
    reads = scope["type"] == "websocket" or scope["method"] in SAFE_METHODS
    cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE) if reads else None
    bearer = header.strip() if scheme.lower() == "bearer" else ""
    return bearer, query, cookie.value if cookie else ""


async def _refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    missing: bool,
    changing: bool = False,
    unredacted: bool = False,
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
    elif unredacted:
        detail = "a camera is redacted, and this token may not see it unredacted"
        response = problem(403, "Token not sufficient", detail, "Use one of unredacted_tokens.")
    else:
        response = problem(403, "Token wrong", "this server does not accept the token", ADD_TOKEN)
    await response(scope, receive, send)


def _with_cookie(send: Send, token: str, scheme: str) -> Send:
    secure = "; Secure" if scheme == "https" else ""

    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            cookie = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}"
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return send_with_cookie
