"""A camera at its worker process: begun there, stopped there, and moved to another one.

When its worker has ended, or is to run it no longer, the next one goes on with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from streamlab.bus.asked_camera import AskedCamera
from streamlab.bus.carrier import Receive
from streamlab.bus.events import decode_events
from streamlab.bus.figures import FigureQuestions
from streamlab.bus.link import Link
from streamlab.bus.load_plan import CameraLoad
from streamlab.bus.replies import Events, Figures, Report, Stopped
from streamlab.bus.requests import Change, Encoders, Observe, Request, Start, Stop
from streamlab.camera.frame import SourceChanged
from streamlab.camera.producer import ProducerEvent, ReleaseBatch
from streamlab.clock import monotonic_ns
from streamlab.core.channels import SourceState
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
        self, number: int, link: Link, asked: AskedCamera, opening: int | None, receive: Receive
    ) -> None:
        """Prepare a camera, which ``start`` starts.

        Args:
            number: no other camera of any worker has it.
            link: leads to its worker.
            asked: what the camera is.
            opening: of its source in the worker; None: it is not open.
            receive: takes the events.
        """
        self.number = number
        self.camera_id = asked.definition.camera_id
        self.link = link
        self.asked = asked
        self.is_closed = False
        """True once no event is passed on any more."""
        self._opening = opening
        self._receive_events = receive
        self._runs = False
        self._begun_ns: int | None = None  # the present worker runs it since then
        self._is_reconnecting = False
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
        return self.asked.definition.spec

    @property
    def detectors(self) -> list[Detector]:
        """The detectors of its channels."""
        return list(self.asked.detectors.values())

    def load(self, now_ns: int) -> CameraLoad:
        """Return what is known of the load."""
        begun_ns, status = self._begun_ns, self.asked.status
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
        self.questions.close()

    async def move(self, link: Link, opening: int | None, why: str) -> bool:
        """Go on in another worker; return False if the camera was stopped meanwhile.

        ``opening``: of its source in that worker; None: it is opened there later.
        """
        if self._begun_ns is not None:
            self._lose(why, None)
        await self._halt()
        if not self._runs:
            return False
        self.link.leave(self.number)
        self.link, self._opening, self._stopped = link, opening, None
        link.join(self)
        self.begin()
        return True

    def ask(self, request: Request) -> None:
        """Send a request to the worker, if it runs the camera; the next one gets it otherwise."""
        if self._begun_ns is not None:
            self.link.send(request)

    def change(self, **changes: Any) -> None:
        """Change the camera; the arguments are those of ``requests.Change``."""
        self.asked.changes += 1
        self.ask(Change(self.number, self.asked.changes, **changes))

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
            self._receive_batch(decode_events(reply.events))
        elif isinstance(reply, Report):
            self.asked.receive_report(reply)
        elif isinstance(reply, Figures):
            self.questions.receive(reply)
        else:
            self._receive_stop()

    def receive_worker_end(self, why: str, retry_at: float) -> None:
        """Report that the worker has ended, and when the next one starts, Unix seconds."""
        self._begun_ns = None
        self._receive_stop()
        if self._runs:
            self._lose(why, retry_at)

    # -- inside --------------------------------------------------------------------------

    async def _begin(self) -> None:
        opening, self._opening = self._opening, None  # a later worker has not opened it
        asked = self.asked
        references = {
            name: await self.link.share(detector) for name, detector in asked.detectors.items()
        }
        self._begun_ns = now_ns = monotonic_ns()
        self.ask(Start(self.number, asked.definition_now(references, now_ns), opening))
        self.ask(Encoders(self.number, asked.wanted))
        if asked.is_observed:
            self.ask(Observe(self.number, observed=True))
        if asked.status.faults != NO_FAULTS:
            self.change(faults=asked.status.faults)

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

    def _receive_stop(self) -> None:
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_unless_ended(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _change_detector(self, channel: str, detector: Detector) -> None:
        reference = await self.link.share(detector)
        if self.asked.detectors[channel] is detector:
            self.change(channel=channel, detector=reference)

    def _lose(self, why: str, retry_at: float | None) -> None:
        self._is_reconnecting = True
        if not self.is_closed:
            self._receive_events([SourceChanged(SourceState.RECONNECTING, why, retry_at)])

    def _receive_batch(self, events: list[ProducerEvent]) -> None:
        for event in events:
            if isinstance(event, ReleaseBatch):
                self.asked.high_water.receive_release(event)
        shown = [event for event in events if not self._is_known(event)]
        if shown and not self.is_closed:
            self._receive_events(shown)

    def _is_known(self, event: ProducerEvent) -> bool:
        """Return True for the first news of the next worker: viewers know that it reconnects."""
        if not self._is_reconnecting or not isinstance(event, SourceChanged):
            return False
        self._is_reconnecting = event.state is SourceState.CONNECTING and not event.detail
        return self._is_reconnecting


async def _unless_ended(work: Coroutine[Any, Any, None]) -> None:
    with suppress(EOFError):  # the worker has ended; the next one begins anew
        await work
