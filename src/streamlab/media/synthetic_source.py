"""The synthetic camera: the street scene as a source, and the mark of annotated channels."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import av

from streamlab.core.time.timebase import frame_number_from, frame_pts
from streamlab.core.truth_strip import WHITE_LUMA, cell_bounds_px, strip_height_px
from streamlab.errors import SourceUnreachableError
from streamlab.media.picture import Picture
from streamlab.media.source import OPEN_TIMEOUT_S, SourceFrame, SourceInfo
from streamlab.media.spec import SourceSpec
from streamlab.street.parameters import StreetParameters
from streamlab.street.scene import Street

# Rendering a large scene takes half a minute of the interpreter's time: many at once would leave
# the event loop too little of it.
_rendering = threading.BoundedSemaphore(2)


class SyntheticSource:
    """Draws the street scene. Frame n has the timestamp ``round(n * 90000 / fps)``."""

    extradata = None
    reorders = False

    def __init__(self, spec: SourceSpec, timeout_s: float = OPEN_TIMEOUT_S) -> None:
        """Render the scene, once others have been, within ``timeout_s``. Raises SourceError."""
        asked = StreetParameters.parse(spec.address)
        with _turn(spec, timeout_s):
            self.street = Street.of(asked)
        self._first = frame_number_from(spec.first_pts, asked.fps)
        self.info = SourceInfo(
            codec="synthetic",
            width=asked.width,
            height=asked.height,
            fps=asked.fps,
            live=False,
            reserved_rows=2 * strip_height_px(asked.height),
        )

    def frames(self) -> Iterator[SourceFrame]:
        """Yield frames without end."""
        for number in count(self._first):
            frame = av.VideoFrame.from_ndarray(self.street.draw(number), format="yuv420p")
            yield SourceFrame(frame, frame_pts(number, self.info.fps), keyframe=False)

    def stop(self) -> None:
        """Do nothing: ``frames`` never waits."""

    def close(self) -> None:
        """Do nothing: no resources are held."""


@contextmanager
def _turn(spec: SourceSpec, timeout_s: float) -> Iterator[None]:
    if not _rendering.acquire(timeout=timeout_s):
        raise SourceUnreachableError(
            f"{spec.display} waits for other synthetic scenes to be rendered",
            hint="Try again when they are live, or ask for a smaller picture.",
        )
    try:
        yield
    finally:
        _rendering.release()


def mark_annotated(picture: Picture) -> None:
    """Paint the channel cell white, in place, to mark a picture of an annotated channel."""
    y, u, v = picture.planes()
    height = strip_height_px(picture.height)
    left, right = cell_bounds_px(0, picture.width)
    y[height : 2 * height, left:right] = WHITE_LUMA
    chroma = slice(height // 2, height), slice(left // 2, right // 2)
    u[chroma] = v[chroma] = 128
