"""MOTA, IDF1 and HOTA of the tracker on the synthetic street, with a simulated detector.

The detector finds the true boxes, some missing, with edges off by a share of the box's sides, and
false ones; scores depend on how much of an object is visible. Each result is judged.

    python -m benchmarks.track_quality [--seconds 30] [--seeds 1 2 3]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

import numpy as np
import supervision as sv
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.optimize import linear_sum_assignment

from streamlab.core.time.timebase import frame_pts
from streamlab.detect.tracking import BoxTracker
from streamlab.street.scene import Street, TruthBox

Floats = NDArray[np.float64]
MATCHING_IOU = 0.5
HOTA_IOUS = np.arange(1, 20) / 20
MISSED, FALSE_PER_RESULT = 0.1, 1.0


@dataclass(frozen=True)
class Judged:
    """A result beside the truth: ids as numbers from 0, and the IoU of each pair."""

    true_ids: NDArray[np.intp]
    ids: NDArray[np.intp]
    iou: Floats


@dataclass(frozen=True)
class Quality:
    """At most 1, the best."""

    mota: float
    idf1: float
    hota: float


def detect(
    truth: Sequence[TruthBox], edge_error: float, random: np.random.Generator
) -> sv.Detections:
    seen = [box for box in truth if random.random() >= MISSED]
    boxes = np.array([(box.x1, box.y1, box.x2, box.y2) for box in seen]).reshape(-1, 4)
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    boxes += random.normal(0, edge_error, boxes.shape) * sides
    count = random.poisson(FALSE_PER_RESULT)
    corner = random.uniform((0, 100), (580, 280), (count, 2))
    false = np.hstack((corner, corner + random.uniform(10, 80, (count, 2))))
    visible = np.array([box.visible_fraction for box in seen])
    score = np.concatenate((0.35 + 0.6 * visible, np.full(count, 0.35)))
    score = np.clip(score + random.normal(0, 0.12, len(score)), 0.05, 1)
    order = random.permutation(len(score))
    xyxy = np.vstack((boxes, false)).astype(np.float32)
    return sv.Detections(xyxy=xyxy[order], confidence=score[order].astype(np.float32))


def follow(
    street: Street, frames: int, every: int, edge_error: float, seed: int = 1
) -> Iterator[Judged]:
    """Yield the result of every n-th of so many frames."""
    tracker, random = BoxTracker(), np.random.default_rng(seed)
    true_numbers: dict[int, int] = {}
    numbers: dict[int, int] = {}
    for number in range(0, frames, every):
        truth = street.truth(number)
        pts = frame_pts(number, street.fps)
        found = tracker.receive_detections(pts, detect(truth, edge_error, random)).detections
        assert found.tracker_id is not None
        boxes = np.array([(box.x1, box.y1, box.x2, box.y2) for box in truth]).reshape(-1, 4)
        yield Judged(
            _numbered([box.track_id for box in truth], true_numbers),
            _numbered(found.tracker_id.tolist(), numbers),
            sv.box_iou_batch(boxes, found.xyxy.astype(np.float64)).astype(np.float64),
        )


def _numbered(ids: list[int], numbers: dict[int, int]) -> NDArray[np.intp]:
    return np.array([numbers.setdefault(id_, len(numbers)) for id_ in ids], np.intp)


def quality(results: Sequence[Judged]) -> Quality:
    return Quality(mota(results), idf1(results), hota(results))


def mota(results: Sequence[Judged]) -> float:
    """Return 1 - (misses + false boxes + switches of id) / true boxes."""
    matches = switches = 0
    last: dict[int, int] = {}
    previous: dict[int, int] = {}
    for result in results:
        true_ids, ids = result.true_ids.tolist(), result.ids.tolist()
        continued = np.array([[previous.get(true) == id_ for id_ in ids] for true in true_ids])
        gain = (result.iou + 1000.0 * continued.reshape(result.iou.shape)) * (
            result.iou >= MATCHING_IOU
        )
        rows, columns = linear_sum_assignment(gain, maximize=True)
        hits = gain[rows, columns] > 0
        previous = {
            true_ids[row]: ids[column]
            for row, column in zip(rows[hits], columns[hits], strict=True)
        }
        matches += len(previous)
        switches += sum(last.get(true, id_) != id_ for true, id_ in previous.items())
        last.update(previous)
    true_boxes, boxes = _box_counts(results)
    return float((matches - (boxes - matches) - switches) / true_boxes)


def idf1(results: Sequence[Judged]) -> float:
    """Return the F1 score of boxes under the best assignment of true tracks to tracks."""
    together = _pair_sums(results, [result.iou >= MATCHING_IOU for result in results])
    rows, columns = linear_sum_assignment(together, maximize=True)
    return float(2 * together[rows, columns].sum() / sum(_box_counts(results)))


def hota(results: Sequence[Judged]) -> float:
    """Return the geometric mean of detection and association accuracy, over ``HOTA_IOUS``."""
    counts = _track_lengths(results)
    shares = []
    for result in results:
        either = result.iou.sum(0) + result.iou.sum(1)[:, np.newaxis] - result.iou
        shares.append(result.iou / np.maximum(either, 1e-9))
    together = _pair_sums(results, shares)
    alignment = together / (counts - together)
    pairs = [_aligned(result, alignment) for result in results]
    overlaps = np.concatenate(
        [result.iou[pair] for result, pair in zip(results, pairs, strict=True)]
    )
    boxes = sum(_box_counts(results))
    of_thresholds = []
    for least in HOTA_IOUS:
        hits = [_hits(result, pair, least) for result, pair in zip(results, pairs, strict=True)]
        matches = max(1, int((overlaps >= least).sum()))
        together = _pair_sums(results, hits)
        association = (together**2 / np.maximum(1, counts - together)).sum() / matches
        of_thresholds.append(np.sqrt(matches / (boxes - matches) * association))
    return float(np.mean(of_thresholds))


Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]


def _aligned(result: Judged, alignment: Floats) -> Pairs:
    gain = alignment[np.ix_(result.true_ids, result.ids)] * result.iou
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return rows, columns


def _hits(result: Judged, pair: Pairs, least: float) -> NDArray[np.bool_]:
    hits = np.zeros(result.iou.shape, np.bool_)
    hits[pair] = result.iou[pair] >= least
    return hits


def _pair_sums(results: Sequence[Judged], values: Sequence[Floats | NDArray[np.bool_]]) -> Floats:
    """Return the sum of the values of each true track and track: ``(true tracks, tracks)``."""
    sums = np.zeros(tuple(len(lengths) for lengths in _lengths(results)))
    for result, value in zip(results, values, strict=True):
        sums[np.ix_(result.true_ids, result.ids)] += value
    return sums


def _track_lengths(results: Sequence[Judged]) -> Floats:
    """Return the boxes of a true track and a track, added: ``(true tracks, tracks)``."""
    return np.add.outer(*_lengths(results)).astype(np.float64)


def _lengths(results: Sequence[Judged]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    true_ids = np.concatenate([result.true_ids for result in results])
    return np.bincount(true_ids), np.bincount(np.concatenate([result.ids for result in results]))


def _box_counts(results: Sequence[Judged]) -> tuple[int, int]:
    return (
        sum(len(result.true_ids) for result in results),
        sum(len(result.ids) for result in results),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    asked = parser.parse_args()
    table = Table("results/s", "edges off by", "MOTA", "IDF1", "HOTA")
    streets = [Street(640, 360, seed=seed) for seed in asked.seeds]
    for every in (30, 6, 3, 1):
        for edge_error in (0.03, 0.1):
            runs = [
                quality(list(follow(street, round(asked.seconds * 30), every, edge_error, seed)))
                for street, seed in zip(streets, asked.seeds, strict=True)
            ]
            means = np.mean([astuple(run) for run in runs], axis=0)
            figures = [f"{mean:.4f}" for mean in means]
            table.add_row(str(30 // every), f"{edge_error:.0%} of sides", *figures)
    Console().print(table)


if __name__ == "__main__":
    main()
