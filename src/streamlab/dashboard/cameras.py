"""The cameras that a dashboard shows and controls, whoever runs them.

They run in the event loop of another thread, and a dashboard calls them from its own, so that
drawing a page never delays a frame. All sessions share one ``Cameras``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from streamlab.clock import monotonic_ns
from streamlab.config.camera import CameraConfig
from streamlab.config.naming import name_of, unused_name
from streamlab.core.channels import QualityLevel, SourceState
from streamlab.core.time.timebase import NS_PER_S
from streamlab.dashboard.choices import Choices
from streamlab.dashboard.health import SPAN_S, CameraRow, row_of
from streamlab.dashboard.processes import Processes
from streamlab.dashboard.samples import Sample, Watched
from streamlab.errors import FaultsNotAllowedError, SourceUnreachableError
from streamlab.faults import Faults
from streamlab.media.spec import SourcePolicy, SourceSpec
from streamlab.viewers import Camera, ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.decoded_snapshot import Snapshot, decode
from streamlab.viewers.history import FrameRecord
from streamlab.viewers.model_choices import ModelChoices

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
HEALTH_EVERY_S = 0.35
FIGURES_TIMEOUT_S = 1.0
_LONG_AGO_NS = -(1 << 62)


class Cameras:
    """Gives a dashboard access to cameras; its methods are awaited in the dashboard's loop.

    ``loop`` is the event loop of ``manager``. ``policy`` limits the sources that may be added.
    Methods that take a camera id raise UnknownCameraError if there is no such camera.
    """

    def __init__(
        self,
        manager: StreamChannelManager,
        subscriptions: ChannelSubscriptionManager,
        loop: asyncio.AbstractEventLoop,
        policy: SourcePolicy,
    ) -> None:
        self._manager = manager
        self._subscriptions = subscriptions
        self._loop = loop
        self._policy = policy
        self._models = ModelChoices(manager.services, policy.limits)
        self._watched: dict[Camera, Watched] = {}
        self._health: list[CameraRow] = []
        self._health_ns = _LONG_AGO_NS

    @property
    def may_inject(self) -> bool:
        """True if the settings allow fault injection."""
        return self._manager.settings.allow_fault_injection

    async def choices(self) -> Choices:
        """Return what a camera may be added with."""
        return await self._ask(lambda: Choices.of(self._models, self._policy))

    async def add(self, source: str, name: str = "", model: str = "") -> str:
        """Open a source with a model and return the id of its camera.

        Without a name it is the source's, made unique. ``model`` is one of ``ModelChoices``.

        Raises InvalidRequestError, CameraExistsError, LimitError, and SourceError and ModelError
        (also their subclasses, and if ``policy`` forbids the source or the model).
        """
        config = await asyncio.to_thread(self._checked, source, name, model)
        return await self._call(self._add(config, is_named=bool(name)))

    async def remove(self, camera_id: str) -> None:
        """Remove a camera for good; its viewers get ``end``."""
        await self._call(self._remove(camera_id))

    async def change(self, camera_id: str, **settings: Any) -> None:
        """Change a camera's settings while it runs: the arguments of ``Camera.change``."""
        await self._ask(lambda: self._camera(camera_id).change(**settings))

    async def inject(self, camera_id: str, faults: Faults | None) -> None:
        """Inject faults into a camera; None clears them. Raises FaultsNotAllowedError."""
        if not self.may_inject:
            raise FaultsNotAllowedError(
                "fault injection is disabled on this server",
                hint="Set allow_fault_injection to true.",
            )
        await self._ask(lambda: self._camera(camera_id).inject(faults))

    async def sample(self, camera_id: str, after: int | None, seconds: float) -> Sample:
        """Return what is new since the sample whose ``count`` was ``after``.

        If ``after`` is None, or the camera has restarted, return what came in the last ``seconds``.
        """
        return await self._ask(lambda: self._watch(camera_id).sample(after, seconds))

    async def health(self) -> list[CameraRow]:
        """Return the health of all cameras, at most ``HEALTH_EVERY_S`` old."""
        return await self._call(self._all_health())

    async def processes(self) -> Processes:
        """Return the worker processes, and what happened to them lately."""
        return await self._ask(lambda: Processes.of(self._manager))

    async def frames(self, camera_id: str, seconds: float) -> list[FrameRecord]:
        """Return the frames kept of a camera's last ``seconds``, oldest first."""
        return await self._ask(lambda: self._watch(camera_id).since(seconds))

    async def snapshot(self, camera_id: str, quality: QualityLevel) -> Snapshot:
        """Return both channels of one frame. Raises SourceUnreachableError."""
        camera = await self._ask(lambda: self._camera(camera_id))
        encoded = await self._call(camera.snapshot(quality))
        return await asyncio.to_thread(decode, encoded)

    async def record(self, camera_id: str, seconds: float) -> pd.DataFrame:
        """Return the trace table of a camera's next ``seconds``. Raises as ``analysis.record``."""
        from streamlab.analysis.record import record  # noqa: PLC0415 - needs the extra `traces`

        camera = await self._ask(lambda: self._camera(camera_id))
        return await self._call(record(camera, self._subscriptions, seconds=seconds))

    def _checked(self, source: str, name: str, model: str) -> CameraConfig:
        spec = SourceSpec.parse(source)
        self._policy.check(spec)
        config = CameraConfig.of(name or name_of(spec), source, model=model or None)
        self._policy.check(config.spec)  # as opened: a file may have appeared meanwhile
        return config

    # -- runs in the cameras' loop

    async def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _ask(self, question: Callable[[], T]) -> T:
        async def answer() -> T:
            return question()

        return await self._call(answer())

    async def _add(self, config: CameraConfig, *, is_named: bool) -> str:
        limits = self._policy.limits_of(config.spec)
        async with self._models.use(config.model or "", config.spec) as detector:
            if not is_named:
                name = unused_name(config.spec, self._manager.names)
                config = config.model_copy(update={"name": name})
            await self._manager.add_configured(config, detector=detector, keep=True, limits=limits)
        self._health_ns = _LONG_AGO_NS
        return config.name

    async def _remove(self, camera_id: str) -> None:
        self._health_ns = _LONG_AGO_NS
        await self._manager.forget_camera(camera_id)

    def _camera(self, camera_id: str) -> Camera:
        return self._manager.camera(camera_id)

    def _watch(self, camera_id: str) -> Watched:
        camera = self._camera(camera_id)
        watched = self._watched.get(camera)
        if watched is None:
            watched = self._watched[camera] = Watched(camera, lambda: self._watched.pop(camera))
        return watched

    async def _all_health(self) -> list[CameraRow]:
        now_ns = monotonic_ns()
        if now_ns - self._health_ns > HEALTH_EVERY_S * NS_PER_S:
            cameras = list(self._manager.cameras.values())
            self._health = await asyncio.gather(*(_row(camera) for camera in cameras))
            self._health_ns = now_ns
        return self._health


async def _row(camera: Camera) -> CameraRow:
    status, figures = camera.status(), None
    if status.state == SourceState.LIVE:  # of others nothing is shown
        with suppress(SourceUnreachableError, TimeoutError):  # its worker ends, or hangs
            figures = await asyncio.wait_for(camera.sync_figures(SPAN_S), FIGURES_TIMEOUT_S)
    return row_of(status, figures)
