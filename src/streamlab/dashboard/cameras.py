"""The cameras that a dashboard shows and controls, whoever runs them.

They live in an event loop of another thread; a dashboard asks from its own, so that drawing a page
never delays a picture. All sessions share one ``Cameras``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from streamlab.clock import monotonic_ns
from streamlab.config.camera import CameraConfig
from streamlab.config.naming import unused_name
from streamlab.core.channels import QualityLevel
from streamlab.core.time.timebase import NS_PER_S
from streamlab.dashboard.health import SPAN_S, CameraHealth, health_of
from streamlab.dashboard.samples import Sample, Watched
from streamlab.errors import FaultsNotAllowedError
from streamlab.faults import Faults
from streamlab.media.spec import SourcePolicy, SourceSpec
from streamlab.viewers import Camera, ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.decoded_snapshot import Snapshot, decode
from streamlab.viewers.history import FrameRecord

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
HEALTH_EVERY_S = 0.9
_LONG_AGO_NS = -(1 << 62)


class Cameras:
    """Everything a dashboard asks of cameras; awaited in the dashboard's loop.

    ``loop`` is the one that ``channels`` lives in. ``policy`` bounds the sources that may be added.
    What is asked of a camera that is not there raises UnknownCameraError.
    """

    def __init__(
        self,
        channels: StreamChannelManager,
        subscriptions: ChannelSubscriptionManager,
        loop: asyncio.AbstractEventLoop,
        policy: SourcePolicy,
    ) -> None:
        self._channels = channels
        self._subscriptions = subscriptions
        self._loop = loop
        self._policy = policy
        self._watched: dict[str, Watched] = {}
        self._health: list[CameraHealth] = []
        self._health_ns = _LONG_AGO_NS

    @property
    def may_inject(self) -> bool:
        """Whether faults may be injected."""
        return self._channels.settings.allow_fault_injection

    async def add(self, source: str) -> str:
        """Open a source and return the id of its camera: the source's name, made unique.

        Raises SourceError with its kinds (also when ``policy`` does not allow it) and LimitError.
        """
        spec = SourceSpec.parse(source)
        self._policy.check(spec)
        return await self._call(self._add(spec, source))

    async def remove(self, camera_id: str) -> None:
        """Stop a camera; whoever watches it is told."""
        await self._call(self._remove(camera_id))

    async def change(self, camera_id: str, **settings: Any) -> None:
        """Have a camera go on with other settings: the arguments of ``Camera.change``."""
        await self._ask(lambda: self._camera(camera_id).change(**settings))

    async def inject(self, camera_id: str, faults: Faults | None) -> None:
        """Have something go wrong at a camera; None: nothing more. Raises FaultsNotAllowedError."""
        if not self.may_inject:
            raise FaultsNotAllowedError(
                "fault injection is disabled on this server",
                hint="Set allow_fault_injection to true.",
            )
        await self._ask(lambda: self._camera(camera_id).inject(faults))

    async def sample(self, camera_id: str, after: int | None, seconds: float) -> Sample:
        """Return what is new at a camera since a sample that answered with the count ``after``.

        Without one, or when the camera has begun anew, it is what came in the last ``seconds``.
        """
        return await self._ask(lambda: self._watch(camera_id).sample(after, seconds))

    async def health(self) -> list[CameraHealth]:
        """Return how all cameras are, as of ``HEALTH_EVERY_S`` ago at the most."""
        return await self._ask(self._all_health)

    async def frames(self, camera_id: str, seconds: float) -> list[FrameRecord]:
        """Return what is kept of a camera's last ``seconds``, oldest first."""
        return await self._ask(lambda: self._watch(camera_id).since(seconds))

    async def snapshot(self, camera_id: str, quality: QualityLevel) -> Snapshot:
        """Return both channels of one frame. Raises SourceUnreachableError."""
        camera = await self._ask(lambda: self._camera(camera_id))
        encoded = await self._call(camera.snapshot(quality))
        return await asyncio.to_thread(decode, encoded)

    async def record(self, camera_id: str, seconds: float) -> pd.DataFrame:
        """Return the trace table of a camera's next ``seconds``. Raises as ``traces.record``."""
        from streamlab.analysis.record import record  # noqa: PLC0415 - needs the extra `traces`

        camera = await self._ask(lambda: self._camera(camera_id))
        return await self._call(record(camera, self._subscriptions, seconds=seconds))

    # -- in the cameras' loop

    async def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _ask(self, question: Callable[[], T]) -> T:
        async def answer() -> T:
            return question()

        return await self._call(answer())

    async def _add(self, spec: SourceSpec, source: str) -> str:
        camera_id = unused_name(spec, self._channels.cameras)
        config = CameraConfig.of(camera_id, source)
        await self._channels.add_configured(config, keep=True)
        self._health_ns = _LONG_AGO_NS
        return camera_id

    async def _remove(self, camera_id: str) -> None:
        self._health_ns = _LONG_AGO_NS
        await self._channels.forget_camera(camera_id)

    def _camera(self, camera_id: str) -> Camera:
        return self._channels.camera(camera_id)

    def _watch(self, camera_id: str) -> Watched:
        camera = self._camera(camera_id)
        watched = self._watched.get(camera_id)
        if watched is None or watched.over or watched.camera is not camera:
            watched = self._watched[camera_id] = Watched(camera)
        return watched

    def _all_health(self) -> list[CameraHealth]:
        now_ns = monotonic_ns()
        if now_ns - self._health_ns > HEALTH_EVERY_S * NS_PER_S:
            self._health = [
                health_of(camera.status(), camera.sync_figures(SPAN_S))
                for camera in self._channels.cameras.values()
            ]
            self._health_ns = now_ns
        return self._health
