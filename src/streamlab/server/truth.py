"""The ground truth of synthetic cameras, recomputed from the parameters of the scene."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TypedDict

from streamlab.core.time.timebase import TIMESCALE, frame_number, frame_pts
from streamlab.errors import InvalidRequestError, NoTruthError
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.street.parameters import StreetParameters
from streamlab.street.scene import Street, TruthBox

MAX_SPAN_S = 10
MAX_STREETS = 4
# One at a time: creating a street takes a second, and a viewer has time to wait.
_turn = threading.Lock()

TruthRow = tuple[float, float, float, float, str, int]


class TruthFrame(TypedDict):
    """The ground truth of a frame. A row is ``x1, y1, x2, y2`` (px), class name and track id."""

    pts: int
    boxes: list[TruthRow]


def true_boxes(spec: SourceSpec, from_pts: int, to_pts: int) -> list[TruthFrame]:
    """Return the ground truth of each frame from ``from_pts`` up to, not including, ``to_pts``.

    Both must be 0 or more. Raises NoTruthError unless the source is synthetic, and
    InvalidRequestError if the span is not positive or is longer than 10 s.
    """
    if spec.kind is not SourceKind.SYNTHETIC:
        raise NoTruthError(
            f"{spec.display} has no ground truth", hint="Only synthetic cameras have one."
        )
    if not 0 < to_pts - from_pts <= MAX_SPAN_S * TIMESCALE:
        raise InvalidRequestError(
            f"to_pts - from_pts is {to_pts - from_pts}",
            hint=f"It must be 1 to {MAX_SPAN_S * TIMESCALE} ticks ({MAX_SPAN_S} s).",
        )
    with _turn:
        street = _street(StreetParameters.parse(spec.address))
        number = frame_number(from_pts, street.fps)
        number += frame_pts(number, street.fps) < from_pts
        frames: list[TruthFrame] = []
        while (pts := frame_pts(number, street.fps)) < to_pts:
            frames.append({"pts": pts, "boxes": [_row(box) for box in street.truth(number)]})
            number += 1
    return frames


@lru_cache(maxsize=MAX_STREETS)
def _street(asked: StreetParameters) -> Street:
    return Street.of(asked)


def _row(box: TruthBox) -> TruthRow:
    return box.x1, box.y1, box.x2, box.y2, box.class_name, box.track_id
