"""What managing many streams costs, with nothing to decode, detect or encode.

The cameras are real: `StreamChannelManager` opens a file for each, and runs its threads. Then the
source is stalled by an injected fault (a picture a minute); the fragments that the streams carry
were recorded from a camera beforehand, and are replayed to each stream on its own clock.

    python -m benchmarks.scale.management STREAMS [ROUNDS]

prints one line of JSON: what each operation took, ms; with 0 rounds, what a stream takes in a
second in which nothing happens. While operations are timed the streams' own timers rest: a check is
asked for.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av

from benchmarks.scale.clip import make_clip
from streamlab.camera import AnnotatedChannel, CameraPipeline, DetectionService
from streamlab.camera.pipeline import PipelineSettings
from streamlab.camera.producer import CameraProducer
from streamlab.clock import monotonic_ns
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, View
from streamlab.core.mp4.fragment import Fragment, InitSegment
from streamlab.core.stream.connection import Connection
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.scripted import no_detector
from streamlab.faults import Faults
from streamlab.media.opening import open_source
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import Camera, ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.reports import process_report, stream_report, sync_report

FPS, SIZE_PX = 10, (320, 180)
RECORDED = 40  # fragments, of both channels: two GOPs
OPERATIONS = 500  # of each kind are timed, on cameras drawn by lot
AN_HOUR_NS = 3600 * NS_PER_S
CHECK_INTERVAL_S = 1.0
ADAPTED_BEFORE_NS = 100_000_000
IDLE_S, STILL_S = 3.0, 0.5
STALLED = Faults(source_stall_ms=60_000, source_stall_every_s=0.1)
MEDIUM = [ChannelKey(channel, QualityLevel.MEDIUM) for channel in ChannelType]
Took = dict[str, list[float]]
Media = list[InitSegment | Fragment]


def record(folder: Path) -> Media:
    """Return what one real camera hands over in two seconds."""
    clip = folder / "street.mp4"
    make_clip(clip, *SIZE_PX, FPS, seconds=3)
    spec, service = SourceSpec.parse(str(clip)), DetectionService(no_detector())
    media: Media = []
    enough = threading.Event()

    def emit(items: Sequence[object]) -> None:
        if not enough.is_set():
            media.extend(each for each in items if isinstance(each, (InitSegment, Fragment)))
            if sum(isinstance(each, Fragment) for each in media) >= RECORDED:
                enough.set()

    service.start()
    pipeline = CameraPipeline(
        "recorded",
        spec,
        open_source(spec),
        [AnnotatedChannel(ChannelType.ANNOTATED, service, BoxRenderer())],
        PipelineSettings(),
        emit,
    )
    pipeline.request_encoders(frozenset(MEDIUM))
    pipeline.start()
    enough.wait(30)
    pipeline.stop()
    service.stop()
    return media


def make_film(path: Path) -> None:
    """Write a film of two small pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for number in range(2):
            frame = av.VideoFrame(64, 36, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def replay(camera: Camera, media: Media) -> None:
    """Hand a stream what was recorded, as if it came now."""
    fragments = [item for item in media if isinstance(item, Fragment)]
    producer = _producer_of(camera)
    shift_ns = monotonic_ns() - fragments[-1].ready_ns
    for item in media:
        if isinstance(item, InitSegment):
            camera._running.stream.receive_init(item)
            continue
        (frame,) = item.frames
        ready_ns = frame.ready_ns + shift_ns
        moved = frame._replace(captured_ns=frame.captured_ns + shift_ns, ready_ns=ready_ns)
        again = replace(item, frames=(moved,))
        producer._controller.receive_fragment(again, ready_ns)
    producer._send()


def _producer_of(camera: Camera) -> CameraProducer:
    producer = camera._running.producer
    assert isinstance(producer, CameraProducer)
    return producer


class Fleet:
    """So many cameras, each with a viewer of both channels."""

    def __init__(
        self, streams: int, film: Path, media: Media, *, check_interval_s: float = 3600.0
    ) -> None:
        self.took: Took = defaultdict(list)
        settings = Settings(
            max_cameras=streams,
            max_connections=4 * streams,
            sync_check_interval=check_interval_s,
            stall_after=86_400,
        )
        self.manager = StreamChannelManager(settings, no_detector())
        self.subscriptions = ChannelSubscriptionManager(self.manager)
        self._streams, self._media = streams, media
        self._spec = SourceSpec.parse(str(film))
        self._viewers: dict[str, Connection] = {}
        self._now_ns = monotonic_ns()

    async def create(self) -> None:
        """Add the cameras and their viewers, one after the other."""
        for number in range(self._streams):
            with self._timed("create"):
                camera = await self.manager.add_camera(f"c{number}", self._spec)
            camera.inject(STALLED)
            with self._timed("subscribe"):
                viewer = self.subscriptions.open(camera, View.BOTH.channels)
            self._viewers[camera.camera_id] = viewer
            replay(camera, self._media)
        gc.collect()
        gc.freeze()  # as the server does before it serves

    async def fall_still(self) -> None:
        """Wait until the cameras' own first pictures have gone through."""
        before = -1
        while (captured := sum(c.status().counts["captured"] for c in self._cameras)) != before:
            before = captured
            await asyncio.sleep(STILL_S)

    @property
    def _cameras(self) -> Iterable[Camera]:
        return self.manager.cameras.values()

    def check_all(self) -> None:
        """Have every stream judged and reported to its viewer, an hour after the last time.

        As live, the delays were adapted a moment before; that is timed beside it.
        """
        self._now_ns += 2 * AN_HOUR_NS
        self._handle_timers("both")
        self._now_ns += AN_HOUR_NS - ADAPTED_BEFORE_NS
        self._handle_timers("adaptation")
        self._now_ns += ADAPTED_BEFORE_NS
        self._handle_timers("check")

    def _handle_timers(self, name: str) -> None:
        with self._timed(f"{name} of all"):
            for camera in self._cameras:
                started_ns = time.perf_counter_ns()
                producer = _producer_of(camera)
                producer._controller.handle_timer(self._now_ns)
                producer._send()
                self.took[name].append((time.perf_counter_ns() - started_ns) / 1e6)

    async def operate(self, lot: random.Random) -> None:
        """Switch and ask for figures, on cameras drawn by lot."""
        cameras = list(self._cameras)
        for camera in lot.choices(cameras, k=OPERATIONS):
            viewer = self._viewers[camera.camera_id]
            view = View.ANNOTATED if viewer.view != View.ANNOTATED else View.RAW
            with self._timed("switch"):
                await self.subscriptions.switch(camera, viewer, view, None)
            with self._timed("stats"):
                stream_report(camera.stream_status())
            with self._timed("sync stats"):
                sync_report(await camera.sync_figures(60.0))
        with self._timed("stats of all"):
            process_report(self.manager)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started_ns = time.perf_counter_ns()
        yield
        self.took[name].append((time.perf_counter_ns() - started_ns) / 1e6)


async def idle_ms(streams: int) -> float:
    """Return CPU that a stream takes in a second in which nothing happens, ms: its timers."""
    with tempfile.TemporaryDirectory() as folder:
        media, film = record(Path(folder)), Path(folder) / "film.mp4"
        make_film(film)
        fleet = Fleet(streams, film, media, check_interval_s=CHECK_INTERVAL_S)
        await fleet.create()
        await fleet.fall_still()
        before_s = time.process_time()
        await asyncio.sleep(IDLE_S)
        used_s = time.process_time() - before_s
        await fleet.manager.close()
    return used_s * 1000 / IDLE_S / streams


async def measure(streams: int, rounds: int) -> Took:
    """Return what each operation took, ms."""
    lot = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        media, film = record(Path(folder)), Path(folder) / "film.mp4"
        make_film(film)
        fleet = Fleet(streams, film, media)
        await fleet.create()
        for _ in range(rounds):
            fleet.check_all()
            await fleet.operate(lot)
        fleet.took["threads"].append(threading.active_count())
        await fleet.manager.close()
    return fleet.took


def main(arguments: Sequence[str]) -> None:
    logging.disable(logging.WARNING)  # a thousand times that a fault was injected
    streams, rounds = int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 5
    took = asyncio.run(measure(streams, rounds)) if rounds else None
    print(json.dumps(asyncio.run(idle_ms(streams)) if took is None else took))


if __name__ == "__main__":
    main(sys.argv[1:])
