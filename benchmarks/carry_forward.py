"""What carrying boxes forward is worth: on the synthetic street, with a detector slower than it.

The detector sees every n-th frame, and its result comes some ms later. Every frame is judged by
the mean IoU of its true boxes with the best drawn box (0 where there is none), once with the
newest boxes left where they were found (frozen) and once with the boxes of BoxTracker (carried).
Times are CPU time of the tracker; frozen boxes cost nothing.

    python benchmarks/carry_forward.py [--every 5] [--latency-ms 160] [--frames 900] [--seeds 1 2 3]
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import dataclass, field
from time import thread_time

import numpy as np
import supervision as sv
from rich.console import Console
from rich.table import Table

from streamlab.core.time.timebase import frame_pts, ms_to_pts
from streamlab.detect.tracking import BoxTracker
from streamlab.street.scene import Street, TruthBox

DETECTORS = {"exact": (0.0, 0.0), "noisy": (0.03, 0.1)}  # edges off by, share missed


@dataclass
class Score:
    """IoU of every true box of every frame, and the CPU time of the tracker's calls, ms."""

    frozen: list[float] = field(default_factory=list)
    carried: list[float] = field(default_factory=list)
    receive_ms: list[float] = field(default_factory=list)
    predict_ms: list[float] = field(default_factory=list)


def boxes_of(truth: list[TruthBox]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([(box.x1, box.y1, box.x2, box.y2) for box in truth]).reshape(-1, 4)


def detect(
    truth: list[TruthBox], error: float, missed: float, random: np.random.Generator
) -> sv.Detections:
    """Return the truth without ids: edges ``error`` of the box's sides off, some boxes missed."""
    boxes = boxes_of(truth)[random.random(len(truth)) >= missed]
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    shaken = boxes + random.normal(0, error, boxes.shape) * sides
    return sv.Detections(xyxy=shaken.astype(np.float32))


def judge(truth: list[TruthBox], drawn: sv.Detections) -> list[float]:
    if not truth or not len(drawn):
        return [0.0] * len(truth)
    return [float(iou) for iou in sv.box_iou_batch(boxes_of(truth), drawn.xyxy).max(axis=1)]


def run(street: Street, frames: int, every: int, latency_ms: float, detector: str) -> Score:
    score, tracker, random = Score(), BoxTracker(), np.random.default_rng(1)
    pending: list[tuple[int, int]] = []  # when a result comes, and of which frame, both pts
    frozen = sv.Detections.empty()
    truths = [street.truth(number) for number in range(frames)]
    for number, truth in enumerate(truths):
        pts = frame_pts(number, street.fps)
        if number % every == 0:
            pending.append((pts + ms_to_pts(latency_ms), number))
        while pending and pending[0][0] <= pts:
            _, found_in = pending.pop(0)
            frozen = detect(truths[found_in], *DETECTORS[detector], random)
            started = thread_time()
            tracker.receive_detections(frame_pts(found_in, street.fps), frozen)
            score.receive_ms.append((thread_time() - started) * 1000)
        started = thread_time()
        carried = tracker.predict(pts)
        score.predict_ms.append((thread_time() - started) * 1000)
        if score.receive_ms:
            score.frozen += judge(truth, frozen)
            score.carried += judge(truth, carried.detections)
    return score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--latency-ms", type=float, default=160.0)
    parser.add_argument("--frames", type=int, default=900)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    asked = parser.parse_args()
    table = Table(title=f"one frame in {asked.every}, {asked.latency_ms:.0f} ms later, 640x360")
    for title in ("detector", "seed", "boxes", "frozen", "carried"):
        table.add_column(title, justify="right")
    for title in ("ms/result", "ms/predict", "ms/frame"):
        table.add_column(title, justify="right")
    for seed in asked.seeds:
        street = Street(640, 360, seed=seed)
        for detector in DETECTORS:
            score = run(street, asked.frames, asked.every, asked.latency_ms, detector)
            per_frame_ms = (sum(score.receive_ms) + sum(score.predict_ms)) / asked.frames
            table.add_row(
                detector,
                str(seed),
                f"{len(score.carried) / asked.frames:.1f}",
                f"{np.mean(score.frozen):.3f}",
                f"{np.mean(score.carried):.3f}",
                f"{statistics.median(score.receive_ms):.2f}",
                f"{statistics.median(score.predict_ms):.3f}",
                f"{per_frame_ms:.3f}",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
