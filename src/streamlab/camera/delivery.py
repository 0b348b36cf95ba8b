"""Passes captured frames to the stages of a camera, and their output to the camera."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from streamlab.camera.frame import CapturedFrame, DetectionTimed, SourceChanged
from streamlab.camera.frame_memory import CameraMemory
from streamlab.camera.worker import Worker
from streamlab.camera.worker_pool import WorkerPool
from streamlab.clock import monotonic_ns, thread_cpu_ns
from streamlab.core.mp4.fragment import Fragment, InitSegment
from streamlab.core.run_to_completion import RunToCompletion
from streamlab.cores import usable_cores

PipelineEvent = InitSegment | Fragment | SourceChanged | DetectionTimed
Emit = Callable[[Sequence[PipelineEvent]], None]
"""Called from any thread with new events; may block."""


@cache
def _slots() -> threading.Semaphore:
    """Return the semaphore that all cameras of the process share.

    More concurrent frames than cores would only contend for the interpreter, which costs more
    than it gains.
    """
    return threading.BoundedSemaphore(max(2, usable_cores()))


class Delivery:
    """Runs frames to completion in the thread that captured them, if no stage has to wait.

    If a stage has to wait, or if that thread would fall behind, the stages' worker pools take over.
    """

    def __init__(self, emit: Emit, pool: WorkerPool, memory: CameraMemory | None = None) -> None:
        """Deliver nothing yet.

        Args:
            pool: a stage that another pool works on never runs in the capturing thread.
            memory: counts the frames in the stages; None: of the memory that the process shares.
        """
        self.stages: Sequence[Worker[Any]] = ()
        self.wanted = False
        """True while an encoder is wanted; otherwise frames end here."""
        self._emit = emit
        self._pool = pool
        self.memory = memory or CameraMemory()
        self._judge = RunToCompletion()
        self._gathered: list[PipelineEvent] = []
        self._gathering: int | None = None  # the thread that runs a frame to completion, by ident

    def send(self, item: PipelineEvent) -> None:
        """Emit an event of a stage; events of a frame run to completion are emitted together."""
        if threading.get_ident() == self._gathering:
            self._gathered.append(item)
        else:
            self._emit((item,))

    def deliver(self, captured: CapturedFrame) -> bool:
        """Offer a frame to all stages, or to none: all channels show the same frames.

        Returns False if a stage has no room, or the frames in the stages take too much memory; the
        frame is dropped then.
        """
        stages = self.stages
        if not self.wanted:
            return True
        if not all(stage.has_room() for stage in stages):
            return False
        is_behind = any(stage.has_items() for stage in stages)
        if not self.memory.take(captured.picture, must_fit=is_behind):
            return False
        has_time = self._judge.receive_frame(captured.captured_ns)
        if not (has_time and all(each.is_idle and each.pool is self._pool for each in stages)):
            for stage in stages:
                stage.offer(captured)
            return True
        with _slots():  # nothing inside waits for another camera
            started_ns = thread_cpu_ns()
            self._gathering = threading.get_ident()
            for stage in stages:
                stage.offer(captured, here=self._pool)
            self._gathering = None
            cost_ns = thread_cpu_ns() - started_ns
        gathered, self._gathered = self._gathered, []
        self._emit(gathered)
        self._judge.receive_cost(cost_ns, monotonic_ns())
        return True
