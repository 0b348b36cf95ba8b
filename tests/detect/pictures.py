"""Pictures and boxes whose content is known, and the real data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab.media.picture import Picture

_DATA = Path(__file__).parents[3] / "shared" / "data"


def real_data(name: str) -> Path:
    """Return a file of the real data; skip the test when it is missing."""
    path = _DATA / name
    if not path.exists():
        pytest.skip(f"{path.name} is not in ../shared/data")
    return path


def grey_picture(width: int, height: int, luma: int = 60, pts: int = 0) -> Picture:
    """Return a plain picture."""
    image = np.full((height * 3 // 2, width), 128, np.uint8)
    image[:height] = luma
    return Picture.from_planes(image, pts)


def colour_picture(width: int, height: int, yuv: tuple[int, int, int]) -> Picture:
    """Return a picture of one colour."""
    picture = grey_picture(width, height)
    for plane, value in zip(picture.planes(), yuv, strict=True):
        plane[:] = value
    return picture


def spot_picture(width: int, height: int, box: tuple[int, int, int, int]) -> Picture:
    """Return a dark picture with a white rectangle, ``box`` x1, y1, x2, y2 px."""
    picture = grey_picture(width, height)
    x1, y1, x2, y2 = box
    picture.planes()[0][y1:y2, x1:x2] = 235
    return picture


def noise_picture(width: int, height: int, seed: int = 0) -> Picture:
    """Return a picture in which no two places look the same."""
    noise = np.random.default_rng(seed).integers(16, 236, (height * 3 // 2, width), np.uint8)
    return Picture.from_planes(noise, 0)


def real_pictures(numbers: range) -> Iterator[Picture]:
    """Yield frames of the real video; skip the test when it is missing."""
    with av.open(real_data("one-by-one-person-detection.mp4")) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= numbers.stop:
                return
            if number in numbers:
                yield Picture(frame.reformat(format="yuv420p"), number * 9000)


def unchecked(xyxy: NDArray[np.float32]) -> sv.Detections:
    """Return detections with any boxes, also those that supervision refuses to begin with."""
    detections = sv.Detections(xyxy=np.zeros_like(xyxy))
    detections.xyxy = xyxy
    return detections
