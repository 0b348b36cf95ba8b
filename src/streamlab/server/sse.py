"""The response that carries a stream, over a ``Line`` to the client or, without one, over ASGI.

Over a line it is no general event-stream response: at video rates that would cost several times
the CPU per delivered event, for features (pings, encoding per client) that the stream provides
itself. Under other servers than ours, which offer no line, sse-starlette's response serves it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing

from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from streamlab.server.transport import Line, line_of
from streamlab.viewers.reader import Reader

log = logging.getLogger(__name__)
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
SHUTDOWN_S = 3.0
"""Time for the last events over ASGI; a client that does not read them is cut off then."""
CHECKS = 4  # of the progress of a paused client, within its time-out


class EventStreamResponse(Response):
    """Sends a reader's events until it is over, or the client leaves or stops reading."""

    media_type = "text/event-stream"

    def __init__(
        self, reader: Reader, status_code: int = 200, *, slow_client_timeout_s: float
    ) -> None:
        super().__init__(status_code=status_code, headers=HEADERS)
        del self.headers["content-length"]
        self._reader = reader
        self._slow_client_timeout_s = slow_client_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream."""
        line = line_of(scope)
        with closing(self._reader):
            if line is None:
                await self._serve_asgi(scope, receive, send)
                return
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            if await LineWriter(self._reader, line, self._slow_client_timeout_s).run():
                await send({"type": "http.response.body", "body": b""})

    async def _serve_asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = EventSourceResponse(
            self._bodies(),
            self.status_code,
            HEADERS,
            ping=0,  # heartbeats are events of the stream
            send_timeout=self._slow_client_timeout_s,
            shutdown_grace_period=SHUTDOWN_S,
        )
        del response.headers["connection"]  # says nothing in HTTP/1.1, and not allowed in HTTP/2
        try:
            await response(scope, receive, send)
        except SendTimeoutError:
            log.info("closed a client that did not read")

    async def _bodies(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._reader.batches()) as batches:
            async for batch in batches:
                yield b"".join(batch)


class LineWriter:
    """Writes a reader's events to a line, in the very callback that announces them.

    While the line is paused nothing is taken, so a slow client falls behind in the rings, where it
    gets a gap. A client that accepts nothing at all for ``timeout_s`` is dropped.
    """

    def __init__(self, reader: Reader, line: Line, timeout_s: float) -> None:
        self._reader = reader
        self._line = line
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._completed: asyncio.Future[bool] = self._loop.create_future()
        self._left: list[bytes] = []  # taken but not written: the line was full
        self._check: asyncio.TimerHandle | None = None
        self._checks_left = CHECKS
        self._unsent_bytes = 0

    async def run(self) -> bool:
        """Write until the reader is over. Returns True if the client has been sent everything."""
        if self._line.closed:
            return False
        self._line.sink = self
        self._reader.listen(self._flush)
        if self._line.paused:
            self.pause()
        self._flush()
        try:
            return await self._completed
        finally:
            self._line.sink = None
            self._stop_checks()

    def pause(self) -> None:
        """Stop writing, and drop the client if it makes no progress."""
        self._reader.leave_live()
        self._unsent_bytes, self._checks_left = self._line.unsent_bytes, CHECKS
        self._check_later()

    def resume(self) -> None:
        """Resume writing."""
        self._stop_checks()
        self._flush()

    def lose(self) -> None:
        """Stop writing: the client has disconnected."""
        self._reader.leave_live()
        self._complete(everything_sent=False)

    def _flush(self) -> None:
        if self._line.paused or self._completed.done():
            return
        try:
            if self._left:
                self._write(self._left)
            if not self._line.paused:
                self._write(self._reader.take())
            if not self._line.paused:
                self._reader.join_live(self._line.send, self._line.frame)
        except Exception as error:  # noqa: BLE001 - passed on to the awaiting caller
            self._completed.set_exception(error)
            return
        if self._reader.over and not self._line.paused:
            self._complete(everything_sent=True)

    def _write(self, events: list[bytes]) -> None:
        self._left = []
        for number, event in enumerate(events):
            if self._line.paused:
                self._left = events[number:]
                return
            self._line.write(event)

    def _complete(self, *, everything_sent: bool) -> None:
        if not self._completed.done():
            self._completed.set_result(everything_sent)

    def _check_later(self) -> None:
        self._check = self._loop.call_later(self._timeout_s / CHECKS, self._check_progress)

    def _stop_checks(self) -> None:
        if self._check is not None:
            self._check.cancel()
            self._check = None

    def _check_progress(self) -> None:
        unsent_bytes = self._line.unsent_bytes
        if unsent_bytes < self._unsent_bytes:
            self._unsent_bytes, self._checks_left = unsent_bytes, CHECKS
        self._checks_left -= 1
        if self._checks_left > 0:
            self._check_later()
        else:
            log.info("dropped a client that did not read")
            self._line.abort()
