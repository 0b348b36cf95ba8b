"""Shows problem documents to people: as a page in the product's look, where a browser wants one.

Clients of the protocol get the documents as they are. A browser that navigates names ``text/html``
in ``Accept``; scripts, also those of our own pages, do not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, MutableMapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamlab.server.prefix import route_path, url_root
from streamlab.server.problems import MEDIA_TYPE

_PAGE = Template(
    (Path(__file__).parent.parent / "web" / "hosts" / "problem.html").read_text(encoding="utf-8")
)
_TITLES = {401: "A token is needed", 403: "Not allowed", 404: "Not found"}
_NO_ROUTE = "urn:streamlab:problem:not-found"
_TOKEN = ("urn:streamlab:problem:token-missing", "urn:streamlab:problem:token-wrong")
_KEPT = (b"retry-after", b"www-authenticate", b"allow")


class ProblemPages:
    """ASGI middleware that turns problem documents into pages for browsers.

    ``cameras`` returns the ids of the cameras that a request may see.
    """

    def __init__(self, app: ASGIApp, cameras: Callable[[Scope], Iterable[str]]) -> None:
        self._app = app
        self._cameras = cameras

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if not _is_for_a_person(scope):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def send_page(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif start is None:
                await send(message)
            elif message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    await self._page(scope, start, body)(scope, receive, send)

        await self._app(scope, receive, send_page)

    def _page(self, scope: Scope, start: Message, body: bytes) -> HTMLResponse:
        problem = json.loads(body)
        token = parse_qs(scope["query_string"].decode("latin-1")).get("access_token", [])[-1:]
        html = _render(scope, problem, self._cameras(scope), "".join(token))
        response = HTMLResponse(html, start["status"], {"Vary": "Accept"})
        response.raw_headers += [pair for pair in start["headers"] if pair[0].lower() in _KEPT]
        return response


def _is_for_a_person(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    accepted = Headers(scope=scope).get("accept", "")
    return "text/html" in [each.partition(";")[0].strip().lower() for each in accepted.split(",")]


def _is_problem(message: MutableMapping[str, Any]) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith(MEDIA_TYPE)


def _render(scope: Scope, problem: dict[str, Any], cameras: Iterable[str], token: str) -> str:
    """Return the page that says what went wrong, and where to go from here."""
    kind, status = problem["type"], problem["status"]
    detail, hint = problem["detail"], problem.get("hint", "")
    if kind == _NO_ROUTE:
        detail, hint = f"There is nothing at {route_path(scope)} on this server", ""
    elif kind in _TOKEN:
        hint = "Add ?access_token=TOKEN to the address, with a token of this server."
    root = url_root(scope)
    secret = {"access_token": token} if token else {}

    def link(words: str, **query: str) -> str:
        given = urlencode(query | secret)
        return f'<a href="{escape(root)}{"?" if given else ""}{escape(given)}">{escape(words)}</a>'

    known = [f"<li>{link(name, camera_id=name)}</li>" for name in cameras]
    return _PAGE.substitute(
        root=escape(root),
        title=escape(_TITLES.get(status, problem["title"])),
        detail=escape(_sentence(detail)),
        hint=escape(_sentence(hint)),
        home=link("Watch the cameras"),
        cameras=f"<ul>{''.join(known)}</ul>" if known else "",
    )


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
