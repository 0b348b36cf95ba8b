"""Keeps cameras that crash their worker process away from the others.

A camera that was in native code when its worker ended, twice within ``FORGET_S``, gets a process of
its own, and stays there until it is removed: a changed source is another camera.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Hashable, Iterator

from streamlab.bus.link import RemoteCamera
from streamlab.bus.native_record import NativeSection
from streamlab.bus.strikes import FORGET_S, Strikes
from streamlab.bus.worker_context import WorkerEnd
from streamlab.bus.worker_process import WorkerProcess
from streamlab.camera.native_code import NativeKind
from streamlab.clock import monotonic_ns
from streamlab.media.spec import SourceKind, SourceSpec

MAX_ALONE = 8
"""A process takes 50 MB or more. Further suspects share one process."""
ALONE, SUSPECTS = "worker-alone", "worker-suspects"
# FFmpeg waits for these most of the time, without blocking the interpreter: a thread that is in
# native code of theirs is no sign of anything, unless it is known to have crashed.
_WAITING = (SourceKind.RTSP, SourceKind.HTTP, SourceKind.UDP, SourceKind.WEBCAM)
_WORDS: dict[NativeKind, str] = {
    "source": "opened, read or decoded its source",
    "encode": "encoded it",
    "draw": "drew on it",
}


class Isolation:
    """Has the processes of single cameras, and decides who gets one."""

    def __init__(
        self,
        start: Callable[[str], WorkerProcess],
        move: Callable[[RemoteCamera, WorkerProcess, str], None],
    ) -> None:
        """``start`` starts a process by name; ``move`` has one run a camera, and says why."""
        self.processes: list[WorkerProcess] = []
        """Those that run cameras alone, and the one that further suspects share."""
        self._start, self._move = start, move
        self._unused: list[WorkerProcess] = []
        self._strikes = Strikes()
        self._numbers = itertools.count(1)
        self._closing: set[asyncio.Task[None]] = set()

    def receive_end(self, end: WorkerEnd) -> None:
        """Take that a process has ended, and isolate cameras for it."""
        suspects = dict(_suspects(end))
        now_ns = monotonic_ns()
        self._strikes.receive_end(suspects, now_ns)
        if end.worker in [each.name for each in self.processes]:
            return
        for key, section in suspects.items():
            camera = end.cameras.get(section.camera)
            if camera is not None and self._strikes.is_out(key, now_ns):
                self._isolate(camera, section.kind)

    def worker_for(self, spec: SourceSpec) -> WorkerProcess | None:
        """Return the process to open a source in that has ended others; None: any other one."""
        is_out = self._strikes.is_out(spec.address, monotonic_ns())
        return self._process() if is_out else None

    def close_unused(self) -> None:
        """End the processes that have no camera, and had none at the last call.

        A camera may be on its way to one that has none yet.
        """
        before, self._unused = self._unused, [each for each in self.processes if not len(each)]
        for worker in [each for each in self._unused if each in before]:
            self.processes.remove(worker)
            task = asyncio.create_task(worker.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End all processes."""
        await asyncio.gather(*self._closing, *(worker.close() for worker in self.processes))

    def _isolate(self, camera: RemoteCamera, kind: NativeKind) -> None:
        worker = self._process()
        place = f"in {SUSPECTS}, with others like it," if worker.name == SUSPECTS else "alone"
        why = (
            f"It runs {place} from now on: twice within {FORGET_S // 60} minutes, "
            f"its worker process ended while it {_WORDS[kind]}."
        )
        self._move(camera, worker, why)

    def _process(self) -> WorkerProcess:
        """Return a process for another suspect."""
        shared = [each for each in self.processes if each.name == SUSPECTS]
        if len(self.processes) - len(shared) < MAX_ALONE:
            name = f"{ALONE}-{next(self._numbers)}"
        elif shared:
            return shared[0]
        else:
            name = SUSPECTS
        self.processes.append(worker := self._start(name))
        return worker


def _suspects(end: WorkerEnd) -> Iterator[tuple[Hashable, NativeSection]]:
    """Yield against whom a strike counts: cameras, and sources opened for new ones."""
    for section in end.inside.sections:
        camera, spec = end.cameras.get(section.camera), end.openings.get(section.camera)
        key: Hashable = section.camera if spec is None else spec.address
        spec = spec if camera is None else camera.spec
        waits = section.kind == "source" and spec is not None and spec.kind in _WAITING
        if spec is not None and (end.inside.is_certain or not waits):
            yield key, section
