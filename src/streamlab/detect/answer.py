"""Validates what a detector returns: a user's function may return anything.

Rules, per picture:

- the result is a ``supervision.Detections``; ``xyxy`` is numeric ``(n, 4)``; scores, class ids
  and track ids are numeric, one per box, or absent;
- boxes that are not finite or have swapped corners are dropped, coordinates farther out than any
  picture are clipped, and of more than ``MAX_BOXES`` boxes those with the best scores are kept;
- arrays are copied: the detector may go on writing into those that it returned;
- class names are printable (``detect.text``).
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.classes import class_names
from streamlab.errors import ModelError

MAX_BOXES = 300
"""Also the limit for models: tracking 300 boxes takes 90 ms per picture, 1000 half a second."""
FARTHEST_PX = 1e5
_MAX_TYPE_CHARS = 60
_INCOMPLETE = "streamlab_incomplete"
_HINT = (
    "Return one sv.Detections per picture: sv.Detections(xyxy=…) or "
    "sv.Detections.from_ultralytics(…); for nothing found sv.Detections.empty()."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The detections of a frame, None if there will be none, and when they arrived."""

    pts: int
    detections: sv.Detections | None
    came_ns: int


def checked_detections(answer: object, detector: str, counts: Counter[str]) -> sv.Detections:
    """Validate a detector's result for one picture.

    Args:
        answer: what the detector returned.
        detector: its name, for error messages.
        counts: gets ``boxes_invalid`` and ``boxes_over_limit``.

    Returns:
        Detections that can be drawn, tracked and sent: ``xyxy`` and ``confidence`` are float32,
        ``class_id`` and ``tracker_id`` int64. A track id of None becomes -1.

    Raises:
        ModelError: a rule is broken; the message shows what was returned and what is expected.
    """
    if not isinstance(answer, sv.Detections):
        _refuse(detector, kind_of(answer), "supervision.Detections")
    xyxy = _numbers(answer.xyxy, "xyxy", (-1, 4), detector)
    count = len(xyxy)
    if not count:
        return sv.Detections.empty()
    confidence = _column(answer.confidence, "confidence", count, detector)
    class_id = _whole(answer.class_id, "class_id", count, detector)
    tracks = _whole(_without_none(answer.tracker_id), "tracker_id", count, detector)
    names = answer.data.get("class_name")
    if names is not None and np.shape(names) != (count,):
        _refuse(detector, f"class_name {kind_of(names)}", f"a name for each of {count} boxes")
    with np.errstate(over="ignore"):  # values beyond float32 become infinite
        boxes = xyxy.astype(np.float32)
        scores = None if confidence is None else confidence.astype(np.float32)
    mask = _masks(answer.mask, count, detector)
    fitting = {key: copy(one) for key, one in answer.data.items() if np.shape(one)[:1] == (count,)}
    checked = sv.Detections(np.zeros((count, 4), np.float32), data=fitting)
    checked.xyxy, checked.mask = boxes, mask
    checked.confidence, checked.class_id, checked.tracker_id = scores, class_id, tracks
    if names is not None:
        checked.data["class_name"] = np.array(class_names(checked))
    return _bounded(checked, counts)


def checked_answers(answers: object, pictures: int, detector: str) -> list[object]:
    """Return a batch's results as a list. Raises ModelError unless there is one per picture."""
    if not isinstance(answers, list | tuple):
        _refuse(detector, kind_of(answers), f"a list of {pictures} supervision.Detections")
    if len(answers) != pictures:
        _refuse(detector, f"{len(answers)} results", f"one for each of {pictures} pictures")
    return list(answers)


def is_complete(checked: sv.Detections) -> bool:
    """Return False if boxes may have been left out: invalid ones, or those above ``MAX_BOXES``.

    Models stop at ``MAX_BOXES`` themselves, so that many boxes are incomplete as well.
    """
    return not checked.metadata.get(_INCOMPLETE, False)


def mark_incomplete(checked: sv.Detections) -> None:
    """Note that boxes may have been left out; selections keep the note."""
    checked.metadata[_INCOMPLETE] = True


def kind_of(value: object) -> str:
    """Return a short description of a value's type, for error messages."""
    if isinstance(value, np.ndarray):
        return f"ndarray {value.dtype} {value.shape}"[:_MAX_TYPE_CHARS]
    if isinstance(value, list | tuple | str):
        return f"{type(value).__name__} of {len(value)}"
    return type(value).__name__[:_MAX_TYPE_CHARS]


def _bounded(checked: sv.Detections, counts: Counter[str]) -> sv.Detections:
    xyxy = checked.xyxy
    sane = np.isfinite(xyxy).all(axis=1) & (xyxy[:, 2:] >= xyxy[:, :2]).all(axis=1)
    checked.xyxy = xyxy.clip(-FARTHEST_PX, FARTHEST_PX)
    keep = np.flatnonzero(sane)
    if len(keep) < len(sane):
        counts["boxes_invalid"] += len(sane) - len(keep)
    if len(keep) > MAX_BOXES:
        counts["boxes_over_limit"] += len(keep) - MAX_BOXES
        if checked.confidence is not None:
            best = np.argsort(-checked.confidence[keep], kind="stable")
            keep = keep[np.sort(best[:MAX_BOXES])]
        keep = keep[:MAX_BOXES]
    kept = checked
    if len(keep) < len(sane):
        kept = cast(sv.Detections, checked[keep]) if len(keep) else sv.Detections.empty()
    if len(keep) < len(sane) or len(keep) >= MAX_BOXES:
        mark_incomplete(kept)
    return kept


def _masks(masks: Any, count: int, detector: str) -> Any:
    if masks is None:
        return None
    # An array, or one of supervision's compact forms.
    shape: tuple[int, ...] = getattr(masks, "shape", ())
    if len(shape) != 3 or shape[0] != count:
        _refuse(detector, f"mask {kind_of(masks)}", f"masks ({count}, height, width)")
    return masks.copy() if isinstance(masks, np.ndarray) else masks


def _column(value: Any, name: str, count: int, detector: str) -> NDArray[np.generic] | None:
    return None if value is None else _numbers(value, name, (count,), detector)


def _whole(value: Any, name: str, count: int, detector: str) -> NDArray[np.int64] | None:
    numbers = _column(value, name, count, detector)
    if numbers is None:
        return None
    whole = numbers.astype(np.float64)
    if not (np.isfinite(whole).all() and (whole == np.floor(whole)).all()):
        _refuse(detector, f"{name} {kind_of(value)} with fractions", "whole numbers")
    if np.abs(whole).max(initial=0) > 2**53:
        _refuse(detector, f"{name} beyond 2**53", "smaller numbers")
    return numbers.astype(np.int64)


def _without_none(tracks: Any) -> Any:
    if isinstance(tracks, np.ndarray) and tracks.dtype == object and tracks.ndim == 1:
        values = [-1 if track is None else track for track in tracks.tolist()]
        return np.array(values) if all(isinstance(one, int) for one in values) else tracks
    return tracks


def _numbers(value: Any, name: str, shape: tuple[int, ...], detector: str) -> NDArray[np.generic]:
    needs = f"{name} of numbers ({', '.join('n' if side < 0 else str(side) for side in shape)})"
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        _refuse(detector, f"{name} {kind_of(value)}", needs)
    fits = value.ndim == len(shape) and all(
        want in (-1, side) for want, side in zip(shape, value.shape, strict=True)
    )
    if not fits:
        _refuse(detector, f"{name} {kind_of(value)}", needs)
    return value


def _refuse(detector: str, came: str, needed: str) -> NoReturn:
    raise ModelError(f"detector '{detector}' returned {came}, not {needed}", hint=_HINT)
