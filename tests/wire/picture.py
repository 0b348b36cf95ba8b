"""Decodes delivered bytes and reads the truth strip and the channel cell from the luma plane."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import av
import numpy as np
import numpy.typing as npt

Plane: TypeAlias = npt.NDArray[np.uint8]

TICKS_PER_SECOND = 90_000
CELLS = 32
STRIP_SHARE = Fraction(2, 45)  # 1/22.5 of the height
BLACK, WHITE = 16, 235
MIDDLE = (BLACK + WHITE) / 2


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture: `pts` in ticks, luma `(height, width)`, chroma at half of both."""

    pts: int
    luma: Plane
    cb: Plane
    cr: Plane


def decode(init: bytes, fragments: Iterable[bytes]) -> list[Picture]:
    """Decode init segment and fragments, joined as one MP4, into pictures."""
    pictures = []
    with av.open(io.BytesIO(init + b"".join(fragments)), "r", format="mp4") as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            if frame.pts is None or frame.time_base is None:
                raise ValueError("a picture without pts")
            pts = frame.pts * frame.time_base * TICKS_PER_SECOND
            luma, cb, cr = (_plane(frame, index) for index in range(3))
            pictures.append(Picture(int(pts), luma, cb, cr))
    return pictures


def _plane(frame: av.VideoFrame, index: int) -> Plane:
    if frame.format.name not in ("yuv420p", "yuvj420p"):
        raise ValueError(f"pixel format {frame.format.name}, not yuv420p")
    plane = frame.planes[index]
    rows = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width].copy()


def strip_rows(height: int) -> int:
    """Height of the truth strip in pixels."""
    return round(height * STRIP_SHARE)


def read_strip(luma: Plane) -> int | None:
    """Return the frame number in the truth strip, or None when its check sum is wrong."""
    means = [_cell_mean(luma, column, row=0) for column in range(CELLS)]
    value = int("".join("1" if mean > MIDDLE else "0" for mean in means), 2)
    number, check = value >> 8, value & 0xFF
    return number if sum(number.to_bytes(3)) % 256 == check else None


def is_channel_cell_white(luma: Plane) -> bool:
    """Tell whether the cell under the strip's first one is painted white."""
    return _cell_mean(luma, column=0, row=1) > MIDDLE


def _cell_mean(luma: Plane, column: int, row: int) -> float:
    """Mean of the inner half of a cell, clear of what the encoder smears over its edges."""
    height, width = luma.shape
    cell_px, rows_px = width / CELLS, height * float(STRIP_SHARE)
    top, left = (row + 0.25) * rows_px, (column + 0.25) * cell_px
    inner = luma[
        round(top) : max(round(top + rows_px / 2), round(top) + 1),
        round(left) : max(round(left + cell_px / 2), round(left) + 1),
    ]
    return float(inner.mean())
