"""HTTP access to a server: requests, downloads, and streams of events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx
from httpx_sse import EventSource, ServerSentEvent

from streamlab.address import Address, AddressError
from streamlab.client.bounds import BoundedEvents, read_body
from streamlab.client.problems import (
    TryLaterError,
    problem_of,
    retry_after_s,
    unreachable,
)
from streamlab.credentials import redacted
from streamlab.errors import InvalidRequestError
from streamlab.protocol.parse import ProtocolError
from streamlab.protocol.plain_json import parse_json

CONNECT_TIMEOUT_S = 5.0
_HEADERS = {"Accept-Encoding": "identity"}  # see `read_body`


class Http:
    """Sends requests to one server. Every failure is raised as a StreamlabError."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        timeout_s: float,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self.url = _server_url(url)
        self.timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            base_url=self.url,
            auth=_Bearer(self.url, token) if token else None,
            headers=_HEADERS,
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s)),
            transport=transport,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | float] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a request and return the JSON of the answer, or None if its body is empty.

        Raises ServerUnreachableError, ProtocolError if the answer is not JSON, or the error that
        the server answers with.
        """
        request = self._client.build_request(method, path, params=query, json=body)
        response = await self._answer_to(request)
        if not response.is_success:
            raise problem_of(response)
        if not response.content:
            return None
        try:
            return parse_json(response.content)
        except ValueError as error:
            raise ProtocolError(
                f"{redacted(str(self.url))} did not answer {path} with JSON",
                hint="Is it a streamlab server?",
            ) from error

    async def fetch(self, url: str, stream_path: str, stall_timeout_s: float) -> bytes:
        """Return the bytes at a URL that an event of the stream carries.

        Raises ServerUnreachableError, TryLaterError (429, 5xx), or the error that the server
        answers with.
        """
        timeout_s = min(self.timeout_s, stall_timeout_s)
        response = await self._answer_to(
            self._client.build_request("GET", self._resolve(url, stream_path), timeout=timeout_s)
        )
        _check(response)
        return response.content

    def _resolve(self, url: str, stream_path: str) -> httpx.URL | str:
        """Return the URL that an event names: relative to its stream's, or a path of the server.

        The path may or may not include the server's own.
        """
        root = self._client.base_url
        if url.startswith("/") and not url.startswith(root.path):
            return url
        return root.join(stream_path).join(url)

    async def download(
        self, path: str, query: Mapping[str, str | float], *, within_s: float
    ) -> AsyncGenerator[bytes, None]:
        """Yield the body of an answer in chunks; waits up to ``within_s`` for each.

        Raises ServerUnreachableError, or the error that the server answers with.
        """
        timeout = httpx.Timeout(within_s, connect=CONNECT_TIMEOUT_S)
        try:
            async with self._client.stream("GET", path, params=query, timeout=timeout) as response:
                if not response.is_success:
                    await read_body(response)
                    raise problem_of(response)
                async for chunk in response.aiter_bytes():
                    yield chunk
        except httpx.TransportError as error:
            raise unreachable(error) from error

    async def open(
        self,
        path: str,
        query: Sequence[tuple[str, str]],
        headers: Mapping[str, str],
        stall_timeout_s: float,
    ) -> httpx.Response:
        """Open a stream of events; the caller closes it.

        Raises as ``fetch``, and ProtocolError if the answer is not an event stream.
        """
        request = self._client.build_request(
            "GET",
            path,
            params=list(query),
            headers={"Accept": "text/event-stream", **headers},
            timeout=httpx.Timeout(stall_timeout_s, connect=CONNECT_TIMEOUT_S),
        )
        try:
            response = await self._client.send(request, stream=True)
            if not response.is_success:
                await read_body(response)
        except httpx.TransportError as error:
            raise unreachable(error) from error
        _check(response)
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            await response.aclose()
            raise ProtocolError(
                f"{request.url} did not answer with an event stream",
                hint="Is it a streamlab server?",
            )
        return response

    async def _answer_to(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the answer. Raises ServerUnreachableError, ProtocolError."""
        try:
            response = await self._client.send(request, stream=True)
            await read_body(response)
        except httpx.TransportError as error:
            raise unreachable(error) from error
        return response


async def read_events(response: httpx.Response) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield the events of an open stream until the server closes it; close the response at the end.

    Raises ServerUnreachableError if the connection is lost, and ProtocolError for an event of more
    than ``MAX_EVENT_BYTES``.
    """
    assert isinstance(response.stream, httpx.AsyncByteStream)
    response.stream = BoundedEvents(response.stream)
    try:
        async with aclosing(EventSource(response).aiter_sse()) as events:
            async for event in events:
                yield event
    except httpx.TransportError as error:
        raise unreachable(error) from error
    finally:
        await response.aclose()


class _Bearer(httpx.Auth):
    """Sends the token to the server only, not to other hosts that a URL in an event names."""

    def __init__(self, url: httpx.URL, token: str) -> None:
        self._origin = (url.scheme, url.host, url.port)
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if (request.url.scheme, request.url.host, request.url.port) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    problem, status = problem_of(response), response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
        raise TryLaterError(status, problem, retry_after_s(response))
    raise problem


def _server_url(url: str) -> httpx.URL:
    try:
        address = Address.parse(url)
        if address.scheme not in ("http", "https"):
            raise AddressError("another scheme")
        return httpx.URL(str(address)).copy_with(query=None, fragment=None)
    except (AddressError, httpx.InvalidURL):
        raise InvalidRequestError(
            f"'{redacted(url)}' is not a server URL",
            hint="Example: http://127.0.0.1:8000",
        ) from None
