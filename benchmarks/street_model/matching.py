"""Which detections hit: matching to the truth, and what follows from it.

The rules are those of COCO at an IoU of 0.5: within a class, the surest detection chooses
first, and takes the truth that it overlaps most. Truth that does not count (it is too small, say)
is taken only when nothing else is left, and then neither it nor the detection counts; nor does a
detection that hits nothing and is itself too small.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import supervision as sv
from numpy.typing import NDArray

IOU = 0.5
_RECALLS = np.linspace(0, 1, 101)


@dataclass
class Tally:
    """What was found of one class, over all pictures."""

    scores: list[float] = field(default_factory=list)
    hits: list[bool] = field(default_factory=list)
    truth_count: int = 0

    def curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return recall, precision and confidence, the surest detection first."""
        order = np.argsort(-np.array(self.scores), kind="stable")
        hits = np.array(self.hits, np.bool_)[order]
        found = np.cumsum(hits)
        recall = found / max(1, self.truth_count)
        precision = found / np.arange(1, len(hits) + 1)
        return recall, precision, np.array(self.scores)[order]

    def average_precision(self) -> float:
        """Return the precision at 101 recalls, each the best at that recall or above, averaged."""
        recall, precision, _ = self.curve()
        best = np.maximum.accumulate(precision[::-1])[::-1]
        places = np.searchsorted(recall, _RECALLS)
        return float(np.append(best, 0.0)[places].mean())

    def at(self, confidence: float) -> tuple[float, float]:
        """Return recall and precision of the detections above a confidence."""
        hits = np.array(self.hits)[np.array(self.scores) > confidence]
        return float(hits.sum()) / max(1, self.truth_count), float(hits.mean()) if len(hits) else 1


def merged(tallies: list[Tally]) -> Tally:
    """Return all classes as one."""
    return Tally(
        [score for tally in tallies for score in tally.scores],
        [hit for tally in tallies for hit in tally.hits],
        sum(tally.truth_count for tally in tallies),
    )


def longer_side_px(detections: sv.Detections) -> NDArray[np.float32]:
    """Return the longer side of every box, px."""
    sides = detections.xyxy[:, 2:] - detections.xyxy[:, :2]
    return np.asarray(sides.max(axis=1), np.float32)


def tally_picture(
    tally: Tally,
    found: sv.Detections,
    truth: sv.Detections,
    counts: NDArray[np.bool_],
    *,
    larger_than_px: float = 0,
) -> None:
    """Add one picture's detections and truth of one class.

    ``counts`` says of every truth whether it counts; of the detections that hit nothing those
    count whose longer side is more than ``larger_than_px``.
    """
    tally.truth_count += int(counts.sum())
    if not len(found) or found.confidence is None:
        return
    overlaps = sv.box_iou_batch(truth.xyxy, found.xyxy) if len(truth) else np.zeros((0, len(found)))
    large = longer_side_px(found) > larger_than_px
    free = np.ones(len(truth), np.bool_)
    for index in np.argsort(-found.confidence, kind="stable"):
        hit = _choose(overlaps[:, index], free, counts)
        if hit is not None:
            free[hit] = False
        if counts[hit] if hit is not None else large[index]:
            tally.scores.append(float(found.confidence[index]))
            tally.hits.append(hit is not None)


def _choose(
    overlaps: NDArray[np.floating], free: NDArray[np.bool_], counts: NDArray[np.bool_]
) -> int | None:
    for eligible in (free & counts, free & ~counts):
        fitting = np.where(eligible, overlaps, 0.0)
        if fitting.size and fitting.max() >= IOU:
            return int(fitting.argmax())
    return None
