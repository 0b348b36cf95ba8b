"""What the parts of a camera take, each by itself in a process of its own.

python -m benchmarks.memory.parts PART FILM
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from benchmarks.fanout.servers import Server
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.media.encode import Encoder
from streamlab.media.opening import open_source
from streamlab.media.picture import Picture
from streamlab.media.spec import SourceSpec

FRAMES, COPIES = 30, 10


def decoder(film: str) -> object:
    """Decode a film for two seconds, and stay open."""
    source = open_source(SourceSpec.parse(film))
    frames = source.frames()
    for _ in range(FRAMES):
        next(frames)
    return source, frames


def encoder(film: str) -> object:
    """Encode the first picture of a film for two seconds, and stay open."""
    like, fps = _first_picture(film)
    key = ChannelKey(ChannelType.RAW, QualityLevel.MEDIUM)
    made = Encoder(key, like, fps)
    for number in range(FRAMES):
        made.encode(Picture(like.frame, number * 6000), keyframe=number == 0)
    return made


@cache
def _first_picture(film: str) -> tuple[Picture, Fraction]:
    source = open_source(SourceSpec.parse(film))
    picture = Picture(next(source.frames()).frame, 0).copy()
    source.close()
    return picture, source.info.fps


def writing_thread(film: str) -> object:  # noqa: ARG001
    """Write a word with OpenCV, in a thread that stays."""
    written, over = threading.Event(), threading.Event()

    def write() -> None:
        tile = np.zeros((20, 80), np.uint8)
        cv2.putText(tile, "car", (0, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255,))
        written.set()
        over.wait()

    threading.Thread(target=write, daemon=True).start()
    written.wait()
    return over


PARTS: dict[str, Callable[[str], object]] = {
    "decoder": decoder,
    "encoder": encoder,
    "thread that writes with OpenCV": writing_thread,
}


def part_mb(name: str, film: Path) -> float:
    """Return what one more takes, MB."""
    command = [sys.executable, "-m", "benchmarks.memory.parts", name, str(film)]
    answer = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    return float(answer.stdout)


def main() -> None:
    make, film = PARTS[sys.argv[1]], sys.argv[2]
    own = Server("", [os.getpid()])
    kept = [make(film)]  # what the first one loads is there for all
    before_kb = own.pss_kb()
    kept += [make(film) for _ in range(COPIES)]
    print((own.pss_kb() - before_kb) / 1024 / COPIES)


if __name__ == "__main__":
    main()
