"""Places cameras on worker processes by load, and moves one away from a process that is late."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from streamlab.bus.link import RemoteCamera, RemoteSource
from streamlab.bus.load_plan import LoadPlan, WorkerLoad, least_loaded
from streamlab.bus.worker_process import WorkerProcess
from streamlab.clock import monotonic_ns
from streamlab.errors import StreamlabError
from streamlab.media.spec import SourceKind

log = logging.getLogger(__name__)


class LoadBalancer:
    """Keeps the load of processes even, for cameras that may run on any of them."""

    def __init__(
        self,
        processes: Sequence[WorkerProcess],
        open_timeout_s: float,
        report: Callable[[str, str], None],
    ) -> None:
        """``processes`` may get more; ``report`` takes a camera's id and what becomes of it."""
        self._processes = processes
        self._open_timeout_s = open_timeout_s
        self._report = report
        self._plan = LoadPlan()

    @property
    def _by_name(self) -> dict[str, WorkerProcess]:
        return {worker.name: worker for worker in self._processes}

    def least_loaded(self) -> WorkerProcess:
        """Return the process that a new camera goes to."""
        return self._by_name[least_loaded(self._loads(monotonic_ns()))]

    async def check(self) -> None:
        """Move a camera if one should go elsewhere. Call it about once a second."""
        now_ns = monotonic_ns()
        move = self._plan.receive_loads(self._loads(now_ns), now_ns)
        if move is not None:
            before, after = self._by_name[move.from_worker], self._by_name[move.to_worker]
            camera = before.cameras[move.camera]
            why = f"{before.name} is overloaded"
            await self.move(camera, after, why)

    async def move(self, camera: RemoteCamera, worker: WorkerProcess, why: str) -> None:
        """Have another process run a camera; it stays where its source cannot be opened twice."""
        before = camera.worker
        try:
            source = await self._open(camera, worker)
        except StreamlabError as error:
            log.warning("camera %s stays where it is: %s", camera.camera_id, error)
            return
        opening = None if source is None else source.opening
        has_stayed = camera.worker == before  # it may run alone meanwhile
        if has_stayed and await camera.move(worker, opening, f"it moves to {worker.name}: {why}"):
            self._report(camera.camera_id, f"It has moved to {worker.name}: {why}.")
        elif source is not None:
            source.close()

    async def _open(self, camera: RemoteCamera, worker: WorkerProcess) -> RemoteSource | None:
        """Open a camera's source in a process, while it still runs in another one."""
        if camera.spec.kind == SourceKind.SYNTHETIC:  # begins where it is opened
            return None
        opening = worker.begin_opening(camera.spec, self._open_timeout_s)
        return await asyncio.wrap_future(opening)

    def _loads(self, now_ns: int) -> list[WorkerLoad]:
        return [
            WorkerLoad(
                worker.name,
                worker.usage.cores,
                tuple(camera.load(now_ns) for camera in worker.cameras.values()),
                len(worker.openings),
            )
            for worker in self._processes
        ]
