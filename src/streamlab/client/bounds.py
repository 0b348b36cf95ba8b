"""Bounds on what a server answers, which httpx and httpx-sse do not have."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from streamlab.protocol.parse import ProtocolError

MAX_EVENT_BYTES = 32 * 1024 * 1024
MAX_ANSWER_BYTES = 32 * 1024 * 1024
_BLANK_LINES = (b"\n\n", b"\r\n\r\n", b"\r\r")


async def read_body(response: httpx.Response) -> None:
    """Read the body of a response, and close it.

    Raises ProtocolError if it has more than ``MAX_ANSWER_BYTES``, or is compressed: a small
    compressed body may decompress to any size.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        await response.aclose()
        raise ProtocolError("the server sent a compressed answer, which was not asked for")
    assert isinstance(response.stream, httpx.AsyncByteStream)
    response.stream = BoundedBody(response.stream)
    try:
        await response.aread()
    finally:
        await response.aclose()


class BoundedBody(httpx.AsyncByteStream):
    """Passes chunks on, up to ``MAX_ANSWER_BYTES``."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield chunks. Raises ProtocolError when there are too many."""
        count = 0
        async for chunk in self._stream:
            count += len(chunk)
            if count > MAX_ANSWER_BYTES:
                raise ProtocolError(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()


class BoundedEvents(httpx.AsyncByteStream):
    """Passes chunks on and limits the size of an event, of however many lines."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield chunks. Raises ProtocolError when an event is too long."""
        event_bytes, before = 0, b""
        async for chunk in self._stream:
            joined = before + chunk  # a blank line may be split
            end = max(_end_of_last(blank, joined) for blank in _BLANK_LINES)
            event_bytes = len(joined) - end if end else event_bytes + len(chunk)
            if event_bytes > MAX_EVENT_BYTES:
                raise ProtocolError(f"an event of more than {MAX_EVENT_BYTES} bytes")
            before = joined[-3:]
            yield chunk

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()


def _end_of_last(part: bytes, data: bytes) -> int:
    """Return the index behind the last occurrence, or 0."""
    at = data.rfind(part)
    return at + len(part) if at >= 0 else 0
