"""A trace: for each captured frame, when it was ready and when its detections arrived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamlab.core.time.timebase import TIMESCALE

NO_RESULT = -1
GOP_PTS = TIMESCALE  # one keyframe a second, as with the default `gop_s`
Column = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trace:
    """Columns of equal length, int64, in order of capture. Times are monotonic ns.

    ``result_ns`` is ``NO_RESULT`` for a frame that the detector had no time for. ``cost_ns`` is
    the time that drawing and encoding the annotated picture took.
    """

    pts: Column
    captured_ns: Column
    raw_ready_ns: Column
    result_ns: Column
    cost_ns: Column

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns().values()}
        if len(lengths) != 1:
            raise ValueError(
                f"the columns of a trace must have the same length, got {sorted(lengths)}"
            )

    def columns(self) -> dict[str, Column]:
        """Return the columns by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __len__(self) -> int:
        return len(self.pts)


def keyframes(pts: Column) -> NDArray[np.bool_]:
    """Return which frames the camera would make keyframes: the first frame of each GOP."""
    first: NDArray[np.bool_] = np.diff(pts // GOP_PTS, prepend=-1) > 0
    return first
