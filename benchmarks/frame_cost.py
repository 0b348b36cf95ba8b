"""Where the CPU of a frame goes: each stage's own thread time, which adds up to the whole.

Cameras that play a recording of the street run in this process, as in a server but without HTTP:
manager, pipelines, shared detector, streams, and a viewer of both channels who takes every event.
A meter round the stages' functions counts the CPU of the thread that runs them, without that of
the stages inside. Whatever a thread did outside of any stage is listed under its own name.

    python -m benchmarks.frame_cost [--size 320x180] [--fps 10] [--cameras 8] [--raw source]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from benchmarks.flat_out import threads_cpu_s
from benchmarks.harness import ROOT
from benchmarks.scale.clip import make_clip
from streamlab.camera import channel_encoder
from streamlab.camera.annotator import Annotator, RawEncoder
from streamlab.camera.capture import Capture
from streamlab.camera.detection import DetectionService
from streamlab.camera.handover import Handover
from streamlab.camera.producer import CameraProducer
from streamlab.camera.worker import Worker
from streamlab.camera.worker_pool import WorkerPool
from streamlab.core.channels import QualityLevel
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.load import load_detector
from streamlab.detect.onnx import OnnxDetector
from streamlab.detect.result import FrameDetections
from streamlab.detect.tracking import BoxCarrier
from streamlab.media.container import ContainerSource
from streamlab.media.encode import Encoder
from streamlab.media.picture import Picture
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.feed import Feed
from streamlab.viewers.reader import Reader
from streamlab.viewers.running import RunningCamera

STAGES: tuple[tuple[object, str, str], ...] = (
    (ContainerSource, "_decode_packet", "decode"),
    (Capture, "receive_frame", "capture: pts, pass-through"),
    (OnnxDetector, "detect", "detect: outside the model"),
    (OnnxDetector, "_run", "the model"),
    (DetectionService, "_detect", "detect: outside the model"),
    (BoxCarrier, "boxes_on", "follow"),
    (Picture, "copy", "draw"),
    (BoxRenderer, "draw", "draw"),
    (FrameDetections, "wire_rows", "rows, event, base64"),
    (Encoder, "encode", "encode"),
    (channel_encoder, "_emit_fragments", "rows, event, base64"),
    (Annotator, "handle", "annotate: whose boxes"),
    (Annotator, "handle_timer", "annotate: whose boxes"),
    (Annotator, "work_on", "annotate: whose boxes"),
    (RawEncoder, "handle", "annotate: whose boxes"),
    (Worker, "offer", "hand over between stages"),
    (Worker, "nudge", "hand over between stages"),
    (Worker, "work", "hand over between stages"),
    (WorkerPool, "_next", "hand over between stages"),
    (DetectionService, "offer", "hand over between stages"),
    (DetectionService, "_take", "hand over between stages"),
    (Handover, "put", "hand over to the event loop"),
    (Handover, "_drain", "hand over to the event loop"),
    (CameraProducer, "_receive", "sync and ring"),
    (CameraProducer, "_on_timer", "sync and ring"),
    (RunningCamera, "_receive", "sync and ring"),
    (RunningCamera, "_on_timer", "sync and ring"),
    (Reader, "take_items", "viewer"),
    (Feed, "encode", "viewer"),
)
FLOOR_MS = {
    "decode": 0.16,
    "encode": 2 * 0.24,
    "follow": 0.07 / 8,
    "draw": 0.065,
    "rows, event, base64": 2 * 0.0065,
    "hand over to the event loop": 0.002,
}
"""What little code takes for a 320x180 frame with warm caches, one thread, no hand-overs: PyAV,
numpy and SciPy for 24 objects, 12 labels composed beforehand, msgspec, a Unix socket."""
REST = {
    "MainThread": "event loop: asyncio",
    "capture": "capture: demultiplex, stamps, wait",
    "work": "hand over between stages",
    "detect": "detect: outside the model",
}


class Meter:
    """Thread time of stages, each without those inside it."""

    def __init__(self) -> None:
        self._of_thread: dict[int, Counter[str]] = defaultdict(Counter)
        self._inside = threading.local()

    def wrap(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``call``, metered."""

        @wraps(call)
        def metered(*args: Any, **more: Any) -> Any:
            ident = threading.get_ident()
            outside_ns, self._inside.ns = getattr(self._inside, "ns", 0), 0
            started_ns = time.thread_time_ns()
            try:
                return call(*args, **more)
            finally:
                spent_ns = time.thread_time_ns() - started_ns
                self._of_thread[ident][stage] += spent_ns - self._inside.ns
                self._inside.ns = outside_ns + spent_ns

        return metered

    def of_threads_ns(self) -> Counter[str]:
        """Return what all stages took so far, by the name of the thread."""
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        return Counter(
            {
                names[ident]: spent.total()
                for ident, spent in list(self._of_thread.items())
                if ident in names
            }
        )

    def spent_ns(self) -> Counter[str]:
        """Return what each stage took so far."""
        return sum((counter.copy() for counter in list(self._of_thread.values())), Counter())


@dataclass(frozen=True, slots=True)
class FrameCost:
    """What a frame took."""

    frames: int
    cpu_ms: float
    """CPU of the process."""
    stages_ms: dict[str, float]
    switches: dict[str, float]
    """How often threads waited (for a lock, the interpreter, news), and were preempted."""


class Host:
    """Cameras in this process, and a viewer of each."""

    def __init__(self, spec: SourceSpec, detection_fps: float, raw: QualityLevel) -> None:
        settings = Settings(max_cameras=1000, max_detection_fps=detection_fps)
        self._spec, self._raw = spec, raw
        self._manager = StreamChannelManager(settings, load_detector("street", threads=1))
        self._subscriptions = ChannelSubscriptionManager(self._manager)
        self._reading: list[asyncio.Task[None]] = []

    async def grow(self, cameras: int) -> None:
        """Run so many."""
        for number in range(cameras):
            camera = await self._manager.add_camera(f"c{number}", self._spec)
            qualities = {"raw": str(self._raw), "annotated": "medium"}
            viewer = self._subscriptions.open(camera, qualities, qualities)
            reader = self._subscriptions.read([(camera, viewer)])
            self._reading.append(asyncio.create_task(_read(reader)))

    @property
    def frames(self) -> int:
        """How many frames of both channels have left so far."""
        statuses = (camera.stream_status() for camera in self._manager.cameras.values())
        return sum(each.channel_counts["annotated"].released for each in statuses)

    async def close(self) -> None:
        """End all."""
        await self._manager.close()
        await asyncio.gather(*self._reading)


async def _read(reader: Reader) -> None:
    async for _ in reader.batches():
        pass


async def measure(host: Host, meter: Meter, seconds: float) -> FrameCost:
    """Look at a host for so long."""
    cpu_s, frames, stages = time.process_time(), host.frames, meter.spent_ns()
    threads, waits = threads_cpu_s(), _switches()
    of_thread = meter.of_threads_ns()
    await asyncio.sleep(seconds)
    frames = host.frames - frames
    cpu_ms = (time.process_time() - cpu_s) * 1e3 / frames
    spent = meter.spent_ns() - stages
    stages_ms = {stage: spent_ns / 1e6 / frames for stage, spent_ns in spent.items()}
    rest: Counter[str] = Counter()
    of_thread_now = meter.of_threads_ns()
    for name, now_s in threads_cpu_s().items():
        outside_ns = (now_s - threads.get(name, 0.0)) * 1e9
        outside_ns -= of_thread_now[name] - of_thread[name]
        rest[REST.get(re.sub(r"-.*|_\d+$", "", name), "other threads")] += round(outside_ns)
    for name, outside_ns in rest.items():
        stages_ms[name] = stages_ms.get(name, 0.0) + outside_ns / 1e6 / frames
    stages_ms["threads of libraries"] = cpu_ms - sum(stages_ms.values())
    switched = {kind: count / frames for kind, count in (_switches() - waits).items()}
    return FrameCost(frames, cpu_ms, stages_ms, switched)


def _switches() -> Counter[str]:
    found: Counter[str] = Counter()
    for status in Path("/proc/self/task").glob("*/status"):
        for line in re.findall(r"^(\w+)_ctxt_switches:\s+(\d+)", status.read_text(), re.M):
            found[line[0]] += int(line[1])
    return found


def meter_all(meter: Meter) -> None:
    """Put the meter round all stages, for as long as the process lives."""
    for owner, name, stage in STAGES:
        setattr(owner, name, meter.wrap(stage, getattr(owner, name)))


async def run(options: argparse.Namespace) -> FrameCost:
    width, height = map(int, options.size.split("x"))
    meter = Meter()
    if not options.whole:
        meter_all(meter)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "street.mp4"
        make_clip(clip, width, height, options.fps)
        raw = QualityLevel(options.raw)
        host = Host(SourceSpec.parse(str(clip)), options.detection_fps, raw)
        try:
            await host.grow(options.cameras)
            await asyncio.sleep(options.settle)
            return await measure(host, meter, options.seconds)
        finally:
            await host.close()


def run_apart(*arguments: str) -> FrameCost:
    """Measure in a process of its own, with these arguments of the command line."""
    command = [sys.executable, "-m", "benchmarks.frame_cost", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return FrameCost(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--size", default="320x180")
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--detection-fps", type=float, default=1.25)
    parser.add_argument("--raw", default="medium", help="quality of raw; `source` passes through")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--settle", type=float, default=5.0)
    parser.add_argument("--whole", action="store_true", help="without the meter, which costs CPU")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cost = asyncio.run(run(options))
    if options.json:
        print(json.dumps(asdict(cost)))
        return
    for stage, ms in sorted(cost.stages_ms.items(), key=lambda item: -item[1]):
        print(f"{ms:8.3f}  {stage}")
    print(f"{cost.cpu_ms:8.3f}  all, ms of CPU a frame ({cost.frames} frames)")
    for kind, count in cost.switches.items():
        print(f"{count:8.2f}  {kind} switches of threads a frame")


if __name__ == "__main__":
    main()
