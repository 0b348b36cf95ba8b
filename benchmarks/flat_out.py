"""A camera's own threads on a file, as fast as its frames are taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from streamlab.camera import AnnotatedChannel, CameraPipeline, DetectionService, SourceChanged
from streamlab.camera.pipeline import PipelineSettings
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, SourceState
from streamlab.core.mp4.fragment import Fragment
from streamlab.detect.detector import Detector
from streamlab.detect.draw import BoxRenderer
from streamlab.media.opening import open_source
from streamlab.media.source import Source, SourceFrame
from streamlab.media.spec import SourceSpec

QUALITY = QualityLevel.MEDIUM
TIMEOUT_S = 300.0


class FlatOut:
    """A source read as fast as its frames are taken: never more than ``ahead`` in the pipeline."""

    extradata = None
    reorders = False

    def __init__(self, source: Source, ahead: int) -> None:
        self.info = replace(source.info, live=True)
        self.room = threading.Semaphore(ahead)
        self.given = 0
        self._source = source

    def frames(self) -> Iterator[SourceFrame]:
        for item in self._source.frames():
            self.room.acquire()
            self.given += 1
            yield item

    def stop(self) -> None:
        self._source.stop()

    def close(self) -> None:
        self._source.close()


class Kept:
    """A detector that outlives the service that runs it."""

    def __init__(self, detector: Detector) -> None:
        self.name, self.kind = detector.name, detector.kind
        self.detect = detector.detect

    def close(self) -> None:
        pass


def run_flat_out(video: Path, detector: Detector) -> tuple[int, dict[str, float]]:
    """Take a whole video; return its frames, and the CPU of each thread, s.

    Two frames are on their way at a time, so that each is detected on.
    """
    spec = SourceSpec.parse(f"{video}#once")
    source = FlatOut(open_source(spec), ahead=2)
    service = DetectionService(Kept(detector))
    over, frames, ended = threading.Event(), 0, False

    def emit(items: Sequence[object]) -> None:
        nonlocal frames, ended
        for item in items:
            if isinstance(item, Fragment) and item.key.channel == ChannelType.ANNOTATED:
                frames += 1
                source.room.release()
            elif isinstance(item, SourceChanged) and item.state is SourceState.ENDED:
                ended = True
        if ended and frames == source.given:
            over.set()

    pipeline = CameraPipeline(
        "flat-out",
        spec,
        source,
        [AnnotatedChannel(ChannelType.ANNOTATED, service, BoxRenderer())],
        PipelineSettings(),
        emit,
    )
    pipeline.request_encoders(frozenset(ChannelKey(channel, QUALITY) for channel in ChannelType))
    before = threads_cpu_s()  # those that work for all cameras were there before
    service.start()
    pipeline.start()
    if not over.wait(TIMEOUT_S):
        raise RuntimeError(f"the video did not end within {TIMEOUT_S:.0f} s")
    threads = {name: cpu_s - before.get(name, 0.0) for name, cpu_s in threads_cpu_s().items()}
    pipeline.stop()
    service.stop()
    return frames, threads


def threads_cpu_s() -> dict[str, float]:
    """Return the CPU that each thread that lives has taken, s, by its name."""
    return {
        thread.name: time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None
    }
