"""The source ``square://moving?fps=10``."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from urllib.parse import parse_qs

import av
import numpy as np

from streamlab.address import Address
from streamlab.core.time.frame_rate import parse_rate
from streamlab.core.time.timebase import frame_pts
from streamlab.errors import SourceError
from streamlab.media.source import SourceFrame, SourceInfo
from streamlab.media.spec import SourceSpec

WIDTH, HEIGHT, SIDE = 320, 180, 40
MAX_FPS = 60


class SquareSource:
    """Draws a white square that moves to the right over grey, and begins anew at the left."""

    extradata = None
    reorders = False

    def __init__(self, spec: SourceSpec, timeout_s: float) -> None:
        query = parse_qs(Address.parse(spec.address).query)
        fps = parse_rate(query.get("fps", ["10"])[0])
        if not 1 <= fps <= MAX_FPS:
            raise SourceError(f"fps is {fps}", hint=f"It must be 1 to {MAX_FPS}.")
        self.info = SourceInfo("square", WIDTH, HEIGHT, Fraction(fps), live=False)
        self._stopped = False

    def frames(self) -> Iterator[SourceFrame]:
        for number in count():
            if self._stopped:
                return
            rgb = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
            left, top = 2 * number % (WIDTH - SIDE), (HEIGHT - SIDE) // 2
            rgb[top : top + SIDE, left : left + SIDE] = 255
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            yield SourceFrame(frame, frame_pts(number, self.info.fps), keyframe=False)

    def stop(self) -> None:
        self._stopped = True

    def close(self) -> None:
        self._stopped = True
