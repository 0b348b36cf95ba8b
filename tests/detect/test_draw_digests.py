"""Drawn pictures are the same to the byte as the ones whose digests are stored here.

Texts are replaced by a pattern, because fonts differ from one version of OpenCV to another.
"""

from __future__ import annotations

import hashlib
from random import Random

import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect import labels
from streamlab.detect.draw import BoxRenderer
from streamlab.media.picture import Picture

from .pictures import unchecked

PICTURES = 16
NAMES = ("person", "car", "traffic light", "a name that is longer than most boxes are wide")
DIGESTS = {
    (2, 2): "505437641b67b426",
    (64, 6): "a9b06cd562f6c36e",
    (322, 182): "8bfb50bde7416233",
    (360, 640): "92c7c0eabde0b198",
    (640, 360): "a6c37ddae1775024",
    (850, 1000): "985adbc75384615f",
    (1920, 1080): "b7ed0a4b45ce828c",
    (2720, 1540): "69c38412ef1ada10",
}


def text_pattern(text: str, height_px: int, ink: int, ground: int) -> NDArray[np.uint8]:
    width = 1 + len(text) * height_px // 2
    pattern = hashlib.shake_128(f"{text} {ink} {ground}".encode()).digest(height_px * width)
    return np.frombuffer(pattern, np.uint8).reshape(height_px, width)


def some_side(random: Random, length: int) -> tuple[float, float]:
    """Return start and end of a box, px; many reach an edge of the picture or go beyond it."""
    start = (1.4 * random.random() - 0.3) * length
    end = start + random.random() ** 2 * length
    if random.random() < 0.2:
        start = round(start)
    return (start, length) if random.random() < 0.1 else (start, end)


def some_detections(random: Random, width: int, height: int) -> sv.Detections:
    count = int(24 * random.random() ** 2)
    sides = [(some_side(random, width), some_side(random, height)) for _ in range(count)]
    xyxy = np.array([(x1, y1, x2, y2) for (x1, x2), (y1, y2) in sides], np.float32)
    detections = unchecked(xyxy.reshape(-1, 4))
    numbers = [int(80 * random.random()) for _ in range(count)]
    detections.class_id = np.array(numbers, int)
    detections.confidence = np.array([random.random() for _ in range(count)], np.float32)
    detections.tracker_id = np.array([int(300 * random.random()) - 9 for _ in range(count)], int)
    detections.data = {"class_name": np.array([NAMES[number % 4] for number in numbers], str)}
    return detections


def drawn(random: Random, picture: Picture) -> Picture:
    """Return a copy of a picture, which may take other colours, with boxes on it."""
    width, height = picture.width, picture.height
    picture.frame.color_range = 1 + int(2 * random.random())
    picture.frame.colorspace = (1, 5, 6, 9)[int(4 * random.random())]
    detections = some_detections(random, width, height)
    top_px = min(height, (0, 0, 1, 16, 33)[int(5 * random.random())])
    copy = picture.copy()
    BoxRenderer().draw(copy, detections, top_px=top_px, stale=random.random() < 0.5)
    return copy


def digest(width: int, height: int) -> str:
    random, pixels = Random(width * height), hashlib.sha256()
    rows, columns = (np.arange(length, dtype=np.uint8) for length in (height * 3 // 2, width))
    plain = Picture.from_planes(np.add.outer(rows * 13, columns * 7), 0)
    for _ in range(PICTURES):
        for plane in drawn(random, plain).planes():
            pixels.update(plane.tobytes())
    return pixels.hexdigest()[:16]


@pytest.mark.parametrize("size", DIGESTS)
def test_pictures_are_the_same_to_the_byte(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "text_luma", text_pattern)
    monkeypatch.setattr(labels, "_composed", labels.compose_label)
    assert digest(*size) == DIGESTS[size]
