"""A camera at its worker process: begun there, stopped there, and moved to another one.

When its worker has ended, or is to run it no longer, the next one goes on with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from streamlab.bus.carrier import Receive
from streamlab.bus.events import decode_events
from streamlab.bus.figures import FigureQuestions
from streamlab.bus.link import Link
from streamlab.bus.load_plan import CameraLoad
from streamlab.bus.remote_events import RemoteEvents
from streamlab.bus.remote_state import RemoteState
from streamlab.bus.replies import Events, Figures, Report, Stopped
from streamlab.bus.requests import Change, Encoders, Observe, Request, Start, Stop
from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.detector import Detector
from streamlab.faults.definition import NO_FAULTS
from streamlab.media.spec import SourceKind, SourceSpec

log = logging.getLogger(__name__)
STOP_TIMEOUT_S = 3.0
MEASURED_NS = 5 * NS_PER_S
"""After so long, the CPU time of its worker shows what a camera uses."""
_READ_BY_ONE = (SourceKind.WEBCAM, SourceKind.UDP)  # the next worker might not get the device


class PlacedCamera:
    """Has a worker process run a camera; see ``bus.link.RemoteCamera``."""

    def __init__(
        self, number: int, link: Link, state: RemoteState, opening: int | None, receive: Receive
    ) -> None:
        """Prepare a camera, which ``start`` starts.

        Args:
            number: no other camera of any worker has it.
            link: leads to its worker.
            state: what the camera is.
            opening: of its source in the worker; None: it is not open.
            receive: takes the events.
        """
        self.number = number
        self.camera_id = state.definition.camera_id
        self.link = link
        self.state = state
        self.events = RemoteEvents(state.high_water, receive)
        self._opening = opening
        self._runs = False
        self._begun_ns: int | None = None  # the present worker runs it since then
        self._tasks: set[asyncio.Task[None]] = set()
        self.questions = FigureQuestions(self.camera_id, number, self.ask)
        self._stopped: asyncio.Future[None] | None = None
        link.join(self)

    @property
    def worker(self) -> str:
        """The worker process that runs it, by name."""
        return self.link.name

    @property
    def spec(self) -> SourceSpec:
        """Its source."""
        return self.state.definition.spec

    @property
    def detectors(self) -> list[Detector]:
        """The detectors of its channels."""
        return list(self.state.detectors.values())

    def load(self, now_ns: int) -> CameraLoad:
        """Return what is known of the load."""
        begun_ns, status = self._begun_ns, self.state.status
        return CameraLoad(
            self.number,
            late_frames=status.counts.get("dropped_at_source", 0) + status.sync_status.violations,
            is_measured=begun_ns is not None and now_ns - begun_ns >= MEASURED_NS,
            is_movable=self._runs and self.spec.loop and self.spec.kind not in _READ_BY_ONE,
        )

    def start(self) -> None:
        """Have the worker run the camera, as soon as there is one."""
        self._runs = True
        self.begin()

    async def stop(self) -> None:
        """Stop the camera and wait for it, for ``STOP_TIMEOUT_S`` at most."""
        self._runs = False
        await self._halt()
        self.link.leave(self.number)

    async def move(self, link: Link, opening: int | None, why: str) -> bool:
        """Go on in another worker; return False if the camera was stopped meanwhile.

        ``opening``: of its source in that worker; None: it is opened there later.
        """
        if self._begun_ns is not None:
            self.events.receive_loss(why, None)
        await self._halt()
        if not self._runs:
            return False
        self.link.leave(self.number)
        self.link, self._opening, self._stopped = link, opening, None
        link.join(self)
        self.begin()
        return True

    def ask(self, request: Request) -> bool:
        """Send a request to the worker; return False if none runs the camera.

        The next one begins with what was asked for.
        """
        if self._begun_ns is None:
            return False
        self.link.send(request)
        return True

    def change(self, **changes: Any) -> None:
        """Change the camera; the arguments are those of ``requests.Change``."""
        self.state.changes += 1
        self.ask(Change(self.number, self.state.changes, **changes))

    def change_detector(self, channel: str, detector: Detector) -> None:
        """Give a channel another detector, once the worker has access to it."""
        self._begin_task(self._change_detector(channel, detector))

    # -- called by the link --------------------------------------------------------------

    def begin(self) -> None:
        """Have the present worker run the camera, as it was asked for so far."""
        if self._runs and self.link.is_up:
            self._begin_task(self._begin())

    def receive(self, reply: Events | Report | Figures | Stopped) -> None:
        """Take what the worker says of this camera. Raises msgspec.ValidationError."""
        if isinstance(reply, Events):
            self.events.receive(decode_events(reply.events))
        elif isinstance(reply, Report):
            self.state.receive_report(reply)
        elif isinstance(reply, Figures):
            self.questions.receive(reply)
        else:
            self._receive_stop()

    def receive_worker_end(self, why: str, retry_at: float) -> None:
        """Report that the worker has ended, and when the next one starts, Unix seconds."""
        self._begun_ns = None
        self._receive_stop()
        self.questions.receive_loss()
        if self._runs:
            self.events.receive_loss(why, retry_at)

    # -- inside --------------------------------------------------------------------------

    async def _begin(self) -> None:
        opening, self._opening = self._opening, None  # a later worker has not opened it
        state = self.state
        references = {
            name: await self.link.share(detector) for name, detector in state.detectors.items()
        }
        self._begun_ns = now_ns = monotonic_ns()
        self.ask(Start(self.number, state.definition_now(references, now_ns), opening))
        self.ask(Encoders(self.number, state.wanted))
        if state.is_observed:
            self.ask(Observe(self.number, observed=True))
        if state.status.faults != NO_FAULTS:
            self.change(faults=state.status.faults)

    async def _halt(self) -> None:
        """Stop the camera in its worker, and wait for it; a second call waits for the first."""
        if self._stopped is None:
            self._stopped = asyncio.get_running_loop().create_future()
            for task in self._tasks:
                task.cancel()
            self.ask(Stop(self.number))
            if self._begun_ns is None or not self.link.is_up:
                self._receive_stop()
            self._begun_ns = None
        await asyncio.wait([self._stopped], timeout=STOP_TIMEOUT_S)
        self.questions.receive_loss()

    def _receive_stop(self) -> None:
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_unless_ended(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _change_detector(self, channel: str, detector: Detector) -> None:
        reference = await self.link.share(detector)
        if self.state.detectors[channel] is detector:
            self.change(channel=channel, detector=reference)


async def _unless_ended(work: Coroutine[Any, Any, None]) -> None:
    with suppress(EOFError):  # the worker has ended; the next one begins anew
        await work
