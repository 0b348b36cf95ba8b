"""Ways to decode, detect, draw and write both pictures of a video, each in a process of its own.

All run the same .onnx file on one thread, and a meter round ONNX Runtime's session counts the CPU
that the model itself takes, the same for all, so that it can be taken off. `streamlab` is a
camera's own threads and writes H.264 fragments; `ultralytics` and `supervision` are written as
their documentation shows, and write by OpenCV's `VideoWriter` (MPEG-4: its wheels have no x264).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

import cv2
import onnxruntime  # type: ignore[import-untyped]

from benchmarks.flat_out import run_flat_out
from benchmarks.harness import ROOT

CONFIDENCE = 0.25
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_VERBOSE": "false",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a way took for a number of frames."""

    frames: int
    cpu_s: float
    model_cpu_s: float
    model_runs: int
    wall_s: float
    threads_cpu_s: dict[str, float] = field(default_factory=dict)
    """CPU by thread, where threads have names."""

    @property
    def outside_ms(self) -> float:
        """CPU per frame outside the model, ms."""
        return (self.cpu_s - self.model_cpu_s) * 1000 / self.frames

    @property
    def fps(self) -> float:
        """Frames per second, as fast as it can."""
        return self.frames / self.wall_s


class Way(AbstractContextManager["Way"]):
    """A way in a process of its own, which loads what it needs once."""

    def __init__(self, name: str, video: Path, model: Path) -> None:
        self.name = name
        command = [sys.executable, "-m", "benchmarks.pipeline_ways", name, str(video), str(model)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
            cwd=ROOT,
            text=True,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def run(self) -> Cost:
        """Take the whole video once. Raises RuntimeError when the way fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write("go\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("{"):
                return Cost(**json.loads(line))
        raise RuntimeError(f"the way {self.name} failed; its words are above")


class MeteredSession(onnxruntime.InferenceSession):  # type: ignore[misc]
    """A session on one thread, the caller's, whose CPU is counted."""

    cpu_s = 0.0
    runs = 0

    def __init__(self, model: Any, sess_options: Any = None, *args: Any, **more: Any) -> None:
        options = sess_options or onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        super().__init__(model, options, *args, **more)

    def run(self, *args: Any, **more: Any) -> Any:
        return self._metered(super().run, *args, **more)

    def run_with_iobinding(self, *args: Any, **more: Any) -> None:
        self._metered(super().run_with_iobinding, *args, **more)

    @staticmethod
    def _metered(run: Callable[..., Any], *args: Any, **more: Any) -> Any:
        before_s = time.thread_time()
        answer = run(*args, **more)
        MeteredSession.cpu_s += time.thread_time() - before_s
        MeteredSession.runs += 1
        return answer


class Writers:
    """Two files by OpenCV's `VideoWriter`: the raw and the annotated picture."""

    def __init__(self, video: Path, folder: str) -> None:
        capture = cv2.VideoCapture(str(video))
        size = tuple(
            int(capture.get(prop)) for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        fps, mpeg4 = capture.get(cv2.CAP_PROP_FPS), cv2.VideoWriter.fourcc(*"mp4v")
        self.files = [
            cv2.VideoWriter(f"{folder}/{name}.mp4", mpeg4, fps, size)
            for name in ("raw", "annotated")
        ]
        capture.release()

    def write(self, raw: Any, annotated: Any) -> None:
        for file, image in zip(self.files, (raw, annotated), strict=True):
            file.write(image)

    def close(self) -> None:
        for file in self.files:
            file.release()


def _load_yolo(model: Path) -> Any:
    try:
        import torchvision  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401, PLC0415
    except (ImportError, RuntimeError):
        # It does not fit this torch. Ultralytics imports it for the NMS that an end-to-end model
        # does not have.
        sys.modules["torchvision"] = ModuleType("torchvision")
    from ultralytics import YOLO  # type: ignore[attr-defined,unused-ignore]  # noqa: PLC0415

    return YOLO(str(model), task="detect")


def ultralytics_way(video: Path, model: Path) -> Callable[[], tuple[int, dict[str, float]]]:
    yolo = _load_yolo(model)
    options = {"imgsz": _input_size(model), "conf": CONFIDENCE, "nms": False, "verbose": False}

    def run() -> tuple[int, dict[str, float]]:
        frames = 0
        with tempfile.TemporaryDirectory() as folder:
            writers = Writers(video, folder)
            for result in yolo.predict(source=str(video), stream=True, **options):
                writers.write(result.orig_img, result.plot())
                frames += 1
            writers.close()
        return frames, {}

    return run


def supervision_way(video: Path, model: Path) -> Callable[[], tuple[int, dict[str, float]]]:
    import supervision as sv  # noqa: PLC0415

    yolo = _load_yolo(model)
    options = {"imgsz": _input_size(model), "conf": CONFIDENCE, "nms": False, "verbose": False}
    boxes, labels = sv.BoxAnnotator(), sv.LabelAnnotator()

    def run() -> tuple[int, dict[str, float]]:
        frames = 0
        with tempfile.TemporaryDirectory() as folder:
            writers = Writers(video, folder)
            for image in sv.get_video_frames_generator(str(video)):
                found = sv.Detections.from_ultralytics(yolo(image, **options)[0])
                annotated = boxes.annotate(scene=image.copy(), detections=found)
                writers.write(image, labels.annotate(scene=annotated, detections=found))
                frames += 1
            writers.close()
        return frames, {}

    return run


def streamlab_way(video: Path, model: Path) -> Callable[[], tuple[int, dict[str, float]]]:
    from streamlab.detect.load import load_detector  # noqa: PLC0415

    detector = load_detector(model, confidence=CONFIDENCE, threads=1)
    return lambda: run_flat_out(video, detector)


WAYS = {
    "streamlab": streamlab_way,
    "ultralytics": ultralytics_way,
    "supervision": supervision_way,
}


def _input_size(model: Path) -> tuple[int, int]:
    """Return height and width of a model's input, px."""
    shape = onnxruntime.InferenceSession(str(model)).get_inputs()[0].shape
    return int(shape[2]), int(shape[3])


def main() -> None:
    name, video, model = sys.argv[1:]
    onnxruntime.InferenceSession = MeteredSession
    cv2.setNumThreads(1)
    run = WAYS[name](Path(video), Path(model))
    run()  # what is allocated and compiled once
    for _ in sys.stdin:
        MeteredSession.cpu_s, MeteredSession.runs = 0.0, 0
        wall_s, cpu_s = time.monotonic(), time.process_time()
        frames, threads = run()
        cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - wall_s
        model_cpu_s, runs = MeteredSession.cpu_s, MeteredSession.runs
        print(
            json.dumps(asdict(Cost(frames, cpu_s, model_cpu_s, runs, wall_s, threads))), flush=True
        )


if __name__ == "__main__":
    threading.current_thread().name = "main"
    main()
