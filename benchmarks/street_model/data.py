"""Labelled pictures of many synthetic streets, in the layout that Ultralytics reads.

Rules:

- one street per seed: its look, size and compression follow from the seed alone, and so do the
  frames that are taken from it;
- the seeds below ``FIRST_TRAINING_SEED`` are held out: no training picture comes from them;
- a picture is stored as the network will see it: compressed at its own size, then fitted into
  the network's input exactly as ``OnnxDetector`` does it;
- labels are what ``Street.truth`` tells, less the boxes whose shorter side would be under
  ``MIN_SIDE_PX`` of the input.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Literal, TypeAlias

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.detect.letterbox import Letterbox, fit
from streamlab.media.picture import TICK, Picture
from streamlab.street.look import Look
from streamlab.street.scene import Street, TruthBox

INPUT_SIZE = (384, 224)
"""Width and height of the network's input, px."""
FIRST_TRAINING_SEED = 1000
MIN_SIDE_PX = 3.5
LAST_FRAME = 1_000_000
RARE_REPEATS = 3

Codec: TypeAlias = Literal["none", "jpeg", "h264"]
_SIZES = ((640, 360), (640, 360), (640, 360), (854, 480), (1280, 720), (480, 270), (640, 480))
_LOOSEST_JPEG, _BEST_JPEG = 30, 95
_BEST_CRF, _LOOSEST_CRF = 18, 38


@dataclass(frozen=True, slots=True)
class Shoot:
    """What is filmed with one seed, and how it is compressed."""

    seed: int
    size: tuple[int, int]
    look: Look
    codec: Codec
    quality: int
    """Quality of JPEG (0-100) or constant rate factor of H.264 (0-51)."""
    frames: tuple[int, ...]

    def street(self) -> Street:
        """Return the street that is filmed."""
        return Street(*self.size, seed=self.seed, look=self.look)


def plan(seed: int, frame_count: int, size: tuple[int, int] | None = None) -> Shoot:
    """Return the shoot of a seed; a ``size`` that is given replaces the one of the seed."""
    random = Random(seed)
    look = Look(
        light=random.choice(("day", "overcast", "dusk", "night")),
        weather=random.choice(("clear", "clear", "rain", "fog", "snow")),
        camera_height_m=random.uniform(5, 9),
        density=random.uniform(0.4, 1),
    )
    codec: Codec = random.choice(("none", "jpeg", "h264"))
    quality = {
        "none": 0,
        "jpeg": random.randint(_LOOSEST_JPEG, _BEST_JPEG),
        "h264": random.randint(_BEST_CRF, _LOOSEST_CRF),
    }[codec]
    own_size = random.choice(_SIZES)
    frames = tuple(random.randrange(LAST_FRAME) for _ in range(frame_count))
    return Shoot(seed, size or own_size, look, codec, quality, frames)


def film(shoot: Shoot) -> Iterator[tuple[Picture, list[TruthBox]]]:
    """Yield the pictures of a shoot, as they come out of the compression, and their truth."""
    street = shoot.street()
    pictures = [
        Picture.from_planes(street.draw(number), index) for index, number in enumerate(shoot.frames)
    ]
    if shoot.codec == "jpeg":
        pictures = [_through_jpeg(picture, shoot.quality) for picture in pictures]
    elif shoot.codec == "h264":
        pictures = _through_h264(pictures, shoot.quality)
    for picture, number in zip(pictures, shoot.frames, strict=True):
        yield picture, street.truth(number)


def network_input(picture: Picture) -> tuple[NDArray[np.uint8], Letterbox]:
    """Return the RGB ``(height, width, 3)`` that the network gets, and how it was fitted."""
    letterbox = fit((picture.width, picture.height), INPUT_SIZE)
    tensor = np.empty((3, INPUT_SIZE[1], INPUT_SIZE[0]), np.float32)
    letterbox.fill(picture.rgb(), tensor)
    return np.rint(tensor * 255).astype(np.uint8).transpose(1, 2, 0), letterbox


def label_lines(boxes: Iterable[TruthBox], letterbox: Letterbox) -> list[str]:
    """Return one line per box: class, centre and size as shares of the input."""
    left, top = letterbox.offset
    width, height = INPUT_SIZE
    lines = []
    for box in boxes:
        x1, x2 = (left + x * letterbox.gains[0] for x in (box.x1, box.x2))
        y1, y2 = (top + y * letterbox.gains[1] for y in (box.y1, box.y2))
        if min(x2 - x1, y2 - y1) >= MIN_SIDE_PX:
            shares = (
                (x1 + x2) / 2 / width,
                (y1 + y2) / 2 / height,
                (x2 - x1) / width,
                (y2 - y1) / height,
            )
            number = Street.CLASS_NAMES.index(box.class_name)
            lines.append(" ".join([str(number), *(f"{share:.6f}" for share in shares)]))
    return lines


def write_data(folder: Path, split: str, seeds: Sequence[int], frame_count: int) -> None:
    """Write ``images/<split>`` and ``labels/<split>``, ``frame_count`` pictures per seed."""
    for kind in ("images", "labels"):
        (folder / kind / split).mkdir(parents=True, exist_ok=True)
    write = partial(_write_shoot, folder, split, frame_count=frame_count)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(write, seeds), start=1):
            print(f"\r{split}: {done} of {len(seeds)} streets", end="", flush=True)
    print()


def write_descriptions(folder: Path) -> tuple[Path, Path]:
    """Write what names the classes and the pictures: all alike, and those that are rare more often.

    Motorcycles are few: in ``rare.yaml`` each picture that shows one is named three times.
    """
    pictures = sorted((folder / "images" / "train").iterdir())
    rare = f"{Street.CLASS_NAMES.index('motorcycle')} "
    named = []
    for picture in pictures:
        lines = (folder / "labels" / "train" / f"{picture.stem}.txt").read_text().splitlines()
        shows_one = any(line.startswith(rare) for line in lines)
        named += [f"{picture.resolve()}\n"] * (RARE_REPEATS if shows_one else 1)
    (folder / "rare.txt").write_text("".join(named))
    return (
        _write_description(folder, "data.yaml", "images/train"),
        _write_description(folder, "rare.yaml", "rare.txt"),
    )


def _write_description(folder: Path, name: str, train: str) -> Path:
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(Street.CLASS_NAMES))
    path = folder / name
    path.write_text(f"path: {folder.resolve()}\ntrain: {train}\nval: images/val\nnames:\n{names}")
    return path


def _write_shoot(folder: Path, split: str, seed: int, *, frame_count: int) -> None:
    cv2.setNumThreads(1)
    for index, (picture, boxes) in enumerate(film(plan(seed, frame_count))):
        rgb, letterbox = network_input(picture)
        name = f"{seed}_{index}"
        bgr = np.ascontiguousarray(rgb[:, :, ::-1])
        cv2.imwrite(str(folder / "images" / split / f"{name}.png"), bgr)
        lines = label_lines(boxes, letterbox)
        (folder / "labels" / split / f"{name}.txt").write_text("\n".join(lines))


def _through_jpeg(picture: Picture, quality: int) -> Picture:
    bgr = np.ascontiguousarray(picture.rgb()[:, :, ::-1])
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    frame = av.VideoFrame.from_ndarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)), "bgr24")
    return Picture(frame.reformat(format="yuv420p"), picture.pts)


def _through_h264(pictures: Sequence[Picture], crf: int) -> list[Picture]:
    """Encode every picture as a keyframe, and decode it."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = pictures[0].width, pictures[0].height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = TICK
    encoder.options = {"crf": str(crf), "preset": "veryfast", "tune": "zerolatency", "g": "1"}
    encoder.thread_count = 1
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = [packet for picture in pictures for packet in encoder.encode(picture.frame)]
    packets += encoder.encode(None)
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    frames += decoder.decode(None)
    return [Picture(frame, picture.pts) for frame, picture in zip(frames, pictures, strict=True)]
