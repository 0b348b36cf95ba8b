"""A camera that runs in a worker process, as its viewers' side sees it.

It remembers everything that was asked of the camera, so that another worker can go on where one
has ended: with later PTS and sequence numbers, under the same requests.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from streamlab.bus.carrier import Receive
from streamlab.bus.definition import (
    description,
    first_report,
    movable_recipe,
    redacted_channels,
)
from streamlab.bus.events import decode_events
from streamlab.bus.figures import FigureQuestions
from streamlab.bus.high_water import HighWater
from streamlab.bus.link import Link
from streamlab.bus.replies import Events, Figures, Report, Stopped
from streamlab.bus.requests import (
    CameraDefinition,
    Change,
    ChannelDefinition,
    Encoders,
    Observe,
    Request,
    Start,
    Stop,
)
from streamlab.camera.detection import DetectionService
from streamlab.camera.frame import SourceChanged
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.camera.producer import ProducerEvent, ReleaseBatch
from streamlab.clock import monotonic_ns
from streamlab.core.channels import ChannelKey, SourceState
from streamlab.core.sync.rule import Policy
from streamlab.detect.detector import Detector
from streamlab.detect.render import Renderer
from streamlab.faults.definition import NO_FAULTS, Faults
from streamlab.protocol.status import SyncFigures

STOP_TIMEOUT_S = 3.0


class RemoteProducer:
    """Asks a worker process to run a camera; see ``bus.carrier.Producer``."""

    def __init__(
        self,
        number: int,
        link: Link,
        definition: CameraDefinition,
        channels: Sequence[AnnotatedChannel],
        opening: int | None,
        receive: Receive,
    ) -> None:
        """Prepare a camera, which ``start`` starts.

        Args:
            number: identifies the camera on this link.
            link: leads to its worker.
            definition: what the worker gets.
            channels: the same channels, with the detectors of this process.
            opening: of its source in the worker; None: it is not open.
            receive: takes the events.
        """
        self.number = number
        self.camera_id = definition.camera_id
        self.status = first_report(definition, channels)
        """What the worker reported last, with what was asked for since."""
        self._link = link
        self._definition = definition
        self._channels = {channel.name: channel for channel in channels}
        self._opening = opening
        self._receive_events = receive
        self._wanted: frozenset[ChannelKey] = frozenset()
        self._is_observed = False
        self._runs = self._closed = False
        self._begun = False  # the present worker runs it
        self._tasks: set[asyncio.Task[None]] = set()
        self._changes = 0
        self._questions = FigureQuestions(self.camera_id, number, self._ask)
        self._stopped: asyncio.Future[None] | None = None
        self._high_water = HighWater(definition.first_sequence)

    @property
    def detectors(self) -> list[Detector]:
        """The detectors of its channels."""
        return [channel.service.detector for channel in self._channels.values()]

    @property
    def worker(self) -> str:
        """The process that runs the camera."""
        return self._link.name

    # -- called by the viewers' side -----------------------------------------------------

    def start(self) -> None:
        """Have the worker run the camera, as soon as there is one."""
        self._runs = True
        self.begin()

    def close(self) -> None:
        """Send no more events; the camera runs until ``stop``."""
        self._closed = True

    async def stop(self) -> None:
        """Stop the camera and wait for it, for ``STOP_TIMEOUT_S`` at most."""
        self._runs = False
        for task in self._tasks:
            task.cancel()
        self._stopped = asyncio.get_running_loop().create_future()
        if self._link.is_up and self._begun:
            self._link.send(Stop(self.number))
            await asyncio.wait([self._stopped], timeout=STOP_TIMEOUT_S)
        self._link.leave(self.number)
        self._questions.close()

    def abandon(self) -> None:
        """Do nothing: at the end of this process, its workers end."""

    def request_encoders(self, wanted: frozenset[ChannelKey]) -> None:
        """Run exactly these encoders."""
        self._wanted = wanted
        self._ask(Encoders(self.number, wanted))

    def request_sync(
        self,
        *,
        policy: Policy | None = None,
        tolerance_ms: float | None = None,
        max_playout_delay_ms: float | None = None,
        max_stale_fraction: float | None = None,
    ) -> None:
        """Change how the channels are kept together; None changes nothing."""
        asked: dict[str, Any] = {
            "policy": policy,
            "tolerance_ms": tolerance_ms,
            "max_playout_delay_ms": max_playout_delay_ms,
            "max_stale_fraction": max_stale_fraction,
        }
        changed = {name: value for name, value in asked.items() if value is not None}
        if changed:
            self.status.sync_settings = dataclasses.replace(self.status.sync_settings, **changed)
            self._change(sync=changed)

    def request_detector(self, channel: str, service: DetectionService) -> None:
        """Detect with this detector on a channel from the next frame on."""
        movable_recipe(service.detector)
        self._channels[channel] = dataclasses.replace(self._channels[channel], service=service)
        self.status.detectors[channel] = description(service.detector)
        self._begin_task(self._change_detector(channel, service.detector))

    def request_renderer(self, channel: str, renderer: Renderer) -> None:
        """Draw a channel with this renderer from the next frame on."""
        self._channels[channel] = dataclasses.replace(self._channels[channel], renderer=renderer)
        self.status.redacted = redacted_channels(self._channels.values())
        self._change(channel=channel, renderer=renderer)

    def request_observation(self, *, observed: bool) -> None:
        """Send finished fragments and the timings of detections, too, while this is True."""
        self._is_observed = observed
        self._ask(Observe(self.number, observed))

    def inject(self, faults: Faults) -> None:
        """Inject these faults from the next frame on, instead of the previous ones."""
        self.status.faults = faults
        self._change(faults=faults)

    def detector(self, channel: str) -> Detector:
        """Return the detector of an annotated channel."""
        return self._channels[channel].service.detector

    def renderer(self, channel: str) -> Renderer:
        """Return the renderer of an annotated channel."""
        return self._channels[channel].renderer

    async def sync_figures(self, window_s: float) -> SyncFigures:
        """Return the synchronisation measured over the last ``window_s`` seconds.

        Raises SourceUnreachableError while the camera has no worker.
        """
        return await self._questions.ask(window_s)

    # -- called by the link --------------------------------------------------------------

    def begin(self) -> None:
        """Have the present worker run the camera, as it was asked for so far."""
        if self._runs and self._link.is_up:
            self._begin_task(self._begin())

    async def _begin(self) -> None:
        opening, self._opening = self._opening, None  # a later worker has not opened it
        channels = [
            ChannelDefinition(
                each.name,
                await self._link.share(each.service.detector),
                each.renderer,
                each.detections,
            )
            for each in list(self._channels.values())
        ]
        self._begun = True
        self._ask(Start(self.number, self._definition_now(channels), opening))
        self._ask(Encoders(self.number, self._wanted))
        if self._is_observed:
            self._ask(Observe(self.number, observed=True))
        if self.status.faults != NO_FAULTS:
            self._change(faults=self.status.faults)

    def receive(self, reply: Events | Report | Figures | Stopped) -> None:
        """Take what the worker says of this camera. Raises msgspec.ValidationError."""
        if isinstance(reply, Events):
            self._receive_batch(decode_events(reply.events))
        elif isinstance(reply, Report):
            self._receive_report(reply)
        elif isinstance(reply, Figures):
            self._questions.receive(reply)
        elif self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)

    def receive_worker_end(self, why: str, retry_at: float) -> None:
        """Report that the worker has ended, and when the next one starts, Unix seconds."""
        self._begun = False
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)
        if self._runs and not self._closed:
            lost = SourceChanged(SourceState.RECONNECTING, why, retry_at)
            self._receive_events([lost])

    # -- inside --------------------------------------------------------------------------

    def _ask(self, request: Request) -> None:
        if self._begun:
            self._link.send(request)

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_unless_ended(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _change_detector(self, channel: str, detector: Detector) -> None:
        reference = await self._link.share(detector)
        if self._channels[channel].service.detector is detector:
            self._change(channel=channel, detector=reference)

    def _change(self, **changes: Any) -> None:
        self._changes += 1
        self._ask(Change(self.number, self._changes, **changes))

    def _receive_batch(self, events: list[ProducerEvent]) -> None:
        for event in events:
            if isinstance(event, ReleaseBatch):
                self._high_water.receive_release(event)
        if not self._closed:
            self._receive_events(events)

    def _receive_report(self, reply: Report) -> None:
        report, before = reply.report, self.status
        if reply.change < self._changes:  # it does not show what was asked for since
            report.sync_settings, report.faults = before.sync_settings, before.faults
            report.redacted, report.detectors = before.redacted, before.detectors
        self.status = report

    def _definition_now(self, channels: Sequence[ChannelDefinition]) -> CameraDefinition:
        """Return the definition of the camera as it goes on: later, with what was changed."""
        sync = self.status.sync_settings
        definition = self._definition
        settings = definition.settings.model_copy(
            update={
                "sync_policy": sync.policy,
                "sync_tolerance_ms": sync.tolerance_ms,
                "max_playout_delay_ms": sync.max_playout_delay_ms,
                "max_stale_fraction": sync.max_stale_fraction,
            }
        )
        first_pts = self._high_water.next_pts(monotonic_ns())
        return definition._replace(
            spec=dataclasses.replace(definition.spec, first_pts=first_pts),
            channels=tuple(channels),
            settings=settings,
            first_sequence=self._high_water.next_sequence,
        )


async def _unless_ended(work: Coroutine[Any, Any, None]) -> None:
    with suppress(EOFError):  # the worker has ended; the next one begins anew
        await work
