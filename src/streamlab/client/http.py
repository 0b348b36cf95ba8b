"""HTTP access to a server: requests, downloads, and streams of events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx
from httpx_sse import EventSource, ServerSentEvent

from streamlab.address import Address, AddressError
from streamlab.client.problems import (
    TryLaterError,
    problem_of,
    retry_after_s,
    unreachable,
)
from streamlab.credentials import redacted
from streamlab.errors import InvalidRequestError
from streamlab.protocol.parse import ProtocolError

CONNECT_TIMEOUT_S = 5.0
MAX_EVENT_LINE_BYTES = 32 * 1024 * 1024


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
        try:
            response = await self._client.request(method, path, params=query, json=body)
        except httpx.TransportError as error:
            raise unreachable(error) from error
        if not response.is_success:
            raise problem_of(response)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise ProtocolError(
                f"{redacted(str(self.url))} did not answer {path} with JSON",
                hint="Is it a streamlab server?",
            ) from error

    async def fetch(self, path: str, stall_timeout_s: float) -> bytes:
        """Return the bytes at a URL that an event carries.

        Raises ServerUnreachableError, TryLaterError (429, 5xx), or the error that the server
        answers with.
        """
        timeout_s = min(self.timeout_s, stall_timeout_s)
        try:
            response = await self._client.get(path, timeout=timeout_s)
        except httpx.TransportError as error:
            raise unreachable(error) from error
        _check(response)
        return response.content

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
                    await response.aread()
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
            headers={"Accept": "text/event-stream", "Accept-Encoding": "identity", **headers},
            timeout=httpx.Timeout(stall_timeout_s, connect=CONNECT_TIMEOUT_S),
        )
        try:
            response = await self._client.send(request, stream=True)
            if not response.is_success:
                await response.aread()
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


async def read_events(response: httpx.Response) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield the events of an open stream until the server closes it; close the response at the end.

    Raises ServerUnreachableError if the connection is lost, and ProtocolError for a line of more
    than ``MAX_EVENT_LINE_BYTES``.
    """
    assert isinstance(response.stream, httpx.AsyncByteStream)
    response.stream = _BoundedLines(response.stream)
    try:
        async with aclosing(EventSource(response).aiter_sse()) as events:
            async for event in events:
                yield event
    except httpx.TransportError as error:
        raise unreachable(error) from error
    finally:
        await response.aclose()


class _BoundedLines(httpx.AsyncByteStream):
    """Passes chunks on and limits the length of a line, which httpx-sse does not."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        line_bytes = 0
        async for chunk in self._stream:
            after = chunk.rfind(b"\n") + 1
            line_bytes = len(chunk) - after if after else line_bytes + len(chunk)
            if line_bytes > MAX_EVENT_LINE_BYTES:
                raise ProtocolError(f"an event of more than {MAX_EVENT_LINE_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


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
