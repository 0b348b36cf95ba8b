"""Records a trace table from a running camera, or from a source that it runs as a camera."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, TypeVar

import pandas as pd

from streamlab.analysis.recorder import MAX_FRAMES, TraceRecorder, about
from streamlab.clock import monotonic_ns
from streamlab.detect.detector import Detector
from streamlab.detect.load import load_detector
from streamlab.errors import InvalidRequestError, SourceUnreachableError
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import Camera, ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.reader import Reader

T = TypeVar("T")
STRAGGLERS_S = 1.0
CAMERA_ID = "camera"


async def record(
    camera: Camera,
    subscriptions: ChannelSubscriptionManager,
    *,
    seconds: float,
    stop: asyncio.Event | None = None,
    max_frames: int = MAX_FRAMES,
) -> pd.DataFrame:
    """Return the trace table of a camera's next ``seconds``: one row per captured frame.

    The recording ends early when ``stop`` is set, the camera ends, or ``max_frames`` were captured.
    It then waits up to ``STRAGGLERS_S`` for the last frames to be released. Both channels run
    meanwhile, in the qualities that are already being watched.

    Raises:
        InvalidRequestError: ``seconds`` is not positive.
        LimitError: there are too many connections.
        SourceUnreachableError: no frame was captured.
    """
    if not seconds > 0:
        raise InvalidRequestError(f"cannot record {seconds} seconds", hint="Ask for 1 or more.")
    connection = subscriptions.open(camera, [], camera.watched_qualities())
    reader = subscriptions.read([(camera, connection)])
    recorder = TraceRecorder(about(camera), monotonic_ns(), max_frames=max_frames)
    events = camera.events()
    following = asyncio.ensure_future(recorder.follow(events))
    waits = (_drain(reader), recorder.full.wait(), (stop or asyncio.Event()).wait())
    ends = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        recorder.stop(monotonic_ns())
        for end in done:
            end.result()
        with suppress(TimeoutError):
            await asyncio.wait_for(recorder.complete.wait(), STRAGGLERS_S)
    finally:
        events.close()
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, following, return_exceptions=True)
        reader.close()
    if not recorder.frames:
        raise SourceUnreachableError(
            f"camera '{camera.camera_id}' delivered no frames", hint=f"It is {camera.state}."
        )
    return await asyncio.to_thread(recorder.table)


def record_trace(
    source: str,
    *,
    seconds: float,
    detector: Detector | str | None = None,
    settings: Settings | None = None,
) -> pd.DataFrame:
    """Run ``source`` as a camera for ``seconds`` and return its trace table.

    Blocks, even where an event loop is running, as in a notebook.

    Args:
        source: written as for ``streamlab serve``.
        detector: your own detector, which is closed afterwards, or the name of a model. None: a
            synthetic camera is annotated with its ground truth, any other not at all.

    Raises:
        SourceError, ModelError: or one of their subclasses.
        InvalidRequestError: an argument is invalid.
    """
    spec = SourceSpec.parse(source)
    settings = settings or Settings()
    if isinstance(detector, str):
        detector = load_detector(detector)

    async def run() -> pd.DataFrame:
        async with running_camera(spec, detector, settings) as (camera, subscriptions):
            return await record(camera, subscriptions, seconds=seconds)

    return _run_in_thread(run())


@asynccontextmanager
async def running_camera(
    spec: SourceSpec,
    detector: Detector | None,
    settings: Settings,
    *,
    only_synthetic: bool = False,
) -> AsyncIterator[tuple[Camera, ChannelSubscriptionManager]]:
    """Run one camera to be watched or recorded; close it on exit.

    ``detector`` and ``only_synthetic`` are those of ``StreamChannelManager``. Raises SourceError.
    """
    manager = StreamChannelManager(settings, detector, only_synthetic=only_synthetic)
    try:
        camera = await manager.add_camera(CAMERA_ID, spec)
        yield camera, ChannelSubscriptionManager(manager)
    finally:
        await manager.close()


async def _drain(reader: Reader) -> None:
    """Read a connection until its camera ends."""
    async with aclosing(reader.batches()) as batches:
        async for _ in batches:
            pass


def _run_in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` in a new event loop and return its result; Ctrl-C cancels it."""
    cancel: Future[Callable[[], object]] = Future()

    async def run() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
        cancel.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        return await task

    with ThreadPoolExecutor(1, "record-trace") as thread:
        running = thread.submit(asyncio.run, run())
        try:
            return running.result()
        except KeyboardInterrupt:
            with suppress(RuntimeError):  # the loop has just ended
                cancel.result()()
            raise
