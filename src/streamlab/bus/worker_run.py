"""One process of a worker, from its start to its end."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from streamlab.bus.native_record import NativeCodeInside, NativeRecord
from streamlab.bus.passed_sockets import SocketSender
from streamlab.bus.worker_main import run_worker
from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.processes.child import ChildProcess, StartMethod
from streamlab.processes.message_stream import MessageStream
from streamlab.settings import Settings

log = logging.getLogger(__name__)
CHECK_EVERY_S = 0.25
SILENT_NS = 2 * NS_PER_S
"""A worker that has not said for this long that it is alive hangs, or was stopped."""
START_NS = 20 * NS_PER_S
"""What a worker may take to say that it is ready."""


class WorkerRun:
    """A process, in the event loop that has started it."""

    def __init__(
        self, name: str, settings: Settings, method: StartMethod | None, core: int | None
    ) -> None:
        """Start the process, on one core if one is given.

        Raises OSError, or what else the system has against it.
        """
        self.name = name
        self.is_ready = self.hangs = False
        self._record = NativeRecord()
        near, far = socket.socketpair()
        level = logging.getLogger().getEffectiveLevel()
        try:
            self._child = ChildProcess(
                name, run_worker, settings, level, far, self._record, core, method=method
            )
        except BaseException:
            near.close()
            self._record.close()
            raise
        finally:
            far.close()
        self.pid = self._child.pid
        """Its process id."""
        self.passing = SocketSender(near)
        """Passes sockets to it."""
        self._heard_ns = monotonic_ns()
        self._stream: MessageStream | None = None

    def send(self, message: bytes) -> None:
        """Send a message, once there is a connection."""
        if self._stream is not None:
            self._stream.send(message)

    def close(self) -> None:
        """End the connection, whereupon the process ends."""
        if self._stream is not None:
            self._stream.close()

    async def connect(self, receive: Callable[[bytes], None]) -> None:
        """Exchange messages with the process."""
        self._stream = await MessageStream.connect(self._child.socket, receive)

    def receive_sign(self) -> None:
        """Note that the process has said something."""
        self._heard_ns = monotonic_ns()

    def kill(self) -> None:
        """End the process at once."""
        self._child.kill()

    async def end(self) -> tuple[str, NativeCodeInside]:
        """Wait until it has ended, and end it when it hangs.

        Returns why it has ended, and what native code its threads were in.
        """
        watching = asyncio.create_task(self._watch())
        try:
            why = await self._child.ended
            if crash := self._record.crash():
                log.error("%s: %s", self.name, crash)
            return why, self._record.inside(monotonic_ns(), has_hung=self.hangs)
        finally:
            watching.cancel()
            if self._stream is not None:
                self._stream.abort()
            self._record.close()

    async def _watch(self) -> None:
        """Kill the process once it has been silent for too long."""
        checked_ns = monotonic_ns()
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            now_ns, before_ns = monotonic_ns(), checked_ns
            checked_ns = now_ns
            if now_ns - before_ns > SILENT_NS // 2:  # this process itself was held up
                self._heard_ns = now_ns
            if now_ns - self._heard_ns > (SILENT_NS if self.is_ready else START_NS):
                log.error("%s does not answer; it is killed", self.name)
                self.hangs = True
                self._child.kill()
                return
