"""CPU per frame of one live camera without detection, beside ffmpeg on the same file.

Ours: one decode, about 25 boxes drawn on a copy, two encodes, fragments with their events, in the
threads of a live camera. ffmpeg's: one decode and two encodes with the same x264 settings. Both in
turn, in one run, first as fast as they can, then at the pace of a live camera, where caches are
cold whenever a frame comes. Only the detector's own time is left out: the boxes are
the scene's ground truth, looked up beforehand.

    python -m benchmarks.pipeline_cpu [--seconds 10] [--rounds 3]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import supervision as sv
from rich.progress import track

from benchmarks.flat_out import QUALITY, FlatOut
from benchmarks.video import make_video
from streamlab.camera import AnnotatedChannel, CameraPipeline, DetectionService
from streamlab.camera.pipeline import PipelineSettings
from streamlab.core.channels import ChannelKey, ChannelType
from streamlab.core.mp4.fragment import Fragment
from streamlab.core.time.timebase import frame_number
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.scripted import ScriptedDetector, truth_detector
from streamlab.media.encode import PRESETS
from streamlab.media.opening import open_source
from streamlab.media.picture import Picture
from streamlab.media.spec import SourceSpec
from streamlab.street.scene import Street

FPS = Fraction(30)
SIZE_PX = (640, 360)
AHEAD = 6


def lookup_detector(street: Street, frames: int) -> ScriptedDetector:
    """Return a detector whose answers were computed beforehand, so that it costs nothing."""
    truth = truth_detector(street)
    pixels = street.draw(0)
    answers = [
        truth.detect([Picture.from_planes(pixels, number * 3000)])[0] for number in range(frames)
    ]

    def answer(picture: Picture) -> sv.Detections:
        return answers[frame_number(picture.pts, FPS) % frames]

    return ScriptedDetector(answer, "lookup")


def ours_ms(path: Path, detector: ScriptedDetector, seconds: float, *, paced: bool) -> float:
    spec = SourceSpec.parse(str(path))
    source = open_source(spec) if paced else FlatOut(open_source(spec), AHEAD)
    service = DetectionService(detector)
    service.start()
    done, annotated = threading.Event(), 0
    frames = round(seconds * FPS)

    def emit(items: Sequence[object]) -> None:
        nonlocal annotated
        for item in items:
            if isinstance(item, Fragment) and item.key.channel == ChannelType.ANNOTATED:
                annotated += 1
                if isinstance(source, FlatOut):
                    source.room.release()
        if annotated >= frames:
            done.set()

    pipeline = CameraPipeline(
        "bench",
        spec,
        source,
        [AnnotatedChannel(ChannelType.ANNOTATED, service, BoxRenderer())],
        PipelineSettings(),
        emit,
    )
    pipeline.request_encoders(frozenset(ChannelKey(channel, QUALITY) for channel in ChannelType))
    started_s = time.process_time()
    pipeline.start()
    done.wait(seconds * 3)
    cpu_s, count = time.process_time() - started_s, annotated
    pipeline.stop()
    service.stop()
    return cpu_s * 1000 / count


def ffmpeg_ms(path: Path, frames: int, *, paced: bool) -> float:
    qp = str(PRESETS[QUALITY].qp)
    encode = ["-map", "0:v", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]
    encode += ["-qp", qp, "-g", "30", "-threads", "1", "-f", "null", "-"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *(["-re"] if paced else [])]
    command += ["-threads", "1", "-i", str(path)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command + encode + encode, check=True, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s * 1000 / frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of video per round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    frames = round(options.seconds * FPS)
    with tempfile.TemporaryDirectory() as folder:
        street, path = Street(*SIZE_PX, fps=FPS), Path(folder) / "street.mp4"
        print(f"making {options.seconds:.0f} s of {SIZE_PX[0]}x{SIZE_PX[1]} video")
        make_video(path, street, frames)
        detector = lookup_detector(street, frames)
        for paced in (False, True):
            rows = []
            for _ in track(range(options.rounds), description="measuring", transient=True):
                ours = ours_ms(path, detector, options.seconds, paced=paced)
                rows.append((ours, ffmpeg_ms(path, frames, paced=paced)))
            report("at a live camera's pace" if paced else "as fast as they can", rows)


def report(how: str, rows: list[tuple[float, float]]) -> None:
    ratios = [ours / theirs for ours, theirs in rows]
    ours, theirs = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"{how}: streamlab {ours:.2f} ms, ffmpeg {theirs:.2f} ms CPU a frame (medians)")
    print(f"  ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
