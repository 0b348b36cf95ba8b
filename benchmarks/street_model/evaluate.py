"""What an exported model is worth: accuracy on streets never trained on, and speed.

The pictures are 640x360 and go through ``OnnxDetector``, as they do in the pipeline. mAP is
supervision's; recall, precision and what concerns larger objects come from ``matching``.
"""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import av
import numpy as np
import supervision as sv
from supervision.metrics import MeanAveragePrecision

from benchmarks.street_model.data import film, plan
from benchmarks.street_model.matching import Tally, longer_side_px, merged, tally_picture
from streamlab.detect.onnx import OnnxDetector
from streamlab.media.picture import TICK, Picture
from streamlab.street.scene import Street, TruthBox

PICTURE_SIZE = (640, 360)
HELD_OUT_SEEDS = range(1, 100)
FRAMES_PER_SEED = 4
SAMPLE_SEEDS, SAMPLE_FRAMES_PER_SEED = 8, 5
LARGE_PX = 24
"""An object is large when the longer side of its box is more than that, px of the picture."""
DEFAULT_CONFIDENCE = 0.25
_LEAST_CONFIDENCE = 0.001

Figures: TypeAlias = dict[str, float]
Shot: TypeAlias = tuple[Picture, list[TruthBox]]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Tallies of every class, and mAP over all objects."""

    pictures: int
    everything: dict[str, Tally]
    large: dict[str, Tally]
    plain: dict[str, Tally]
    """Large, and at least half of it shows."""
    map50: float
    map50_95: float
    map50_95_of: dict[str, float]

    def figures(self) -> Figures:
        """Return the figures of the card, rounded to what they are good for."""
        figures = {"map50": self.map50, "map50_95": self.map50_95}
        groups = {"": self.everything, "large_": self.large, "plain_": self.plain}
        for prefix, tallies in groups.items():
            recall, precision = merged(list(tallies.values())).at(DEFAULT_CONFIDENCE)
            figures |= {f"{prefix}recall": recall, f"{prefix}precision": precision}
        figures["large_map50"] = statistics.mean(
            tally.average_precision() for tally in self.large.values() if tally.truth_count
        )
        return {name: round(value, 3) for name, value in figures.items()}

    def class_figures(self) -> dict[str, Figures]:
        """Return the figures of every class."""
        return {name: self._figures_of(name) for name in self.everything}

    def _figures_of(self, name: str) -> Figures:
        large, everything = self.large[name], self.everything[name]
        return {
            "objects": everything.truth_count,
            "large_objects": large.truth_count,
            "large_ap50": round(large.average_precision(), 3),
            "large_recall": round(large.at(DEFAULT_CONFIDENCE)[0], 3),
            "ap50": round(everything.average_precision(), 3),
            "ap50_95": round(self.map50_95_of[name], 3),
        }


def held_out(
    seeds: Iterable[int] = HELD_OUT_SEEDS, frames_per_seed: int = FRAMES_PER_SEED
) -> Iterator[Shot]:
    """Yield pictures of streets that were not trained on, and their truth."""
    for seed in seeds:
        yield from film(plan(seed, frames_per_seed, PICTURE_SIZE))


def sample() -> Iterator[Shot]:
    """Yield the few of them that the tests hold the model to."""
    return held_out(HELD_OUT_SEEDS[:SAMPLE_SEEDS], SAMPLE_FRAMES_PER_SEED)


def measure_accuracy(path: Path, shots: Iterable[Shot]) -> Accuracy:
    """Run the model over pictures whose truth is known."""
    detector = OnnxDetector(path, confidence=_LEAST_CONFIDENCE, threads=1)
    everything, large, plain = ({name: Tally() for name in Street.CLASS_NAMES} for _ in range(3))
    metric = MeanAveragePrecision()
    pictures = 0
    for picture, boxes in shots:
        pictures += 1
        [found] = detector.detect([picture])
        metric.update(found, as_detections(boxes))
        for number, name in enumerate(Street.CLASS_NAMES):
            mine = _of_class(found, number)
            real = [box for box in boxes if box.class_name == name]
            truth = as_detections(real)
            big = longer_side_px(truth) > LARGE_PX
            half = np.array([box.visible_fraction >= 0.5 for box in real], np.bool_)
            tally_picture(everything[name], mine, truth, np.ones(len(real), np.bool_))
            tally_picture(large[name], mine, truth, big, larger_than_px=LARGE_PX)
            tally_picture(plain[name], mine, truth, big & half, larger_than_px=LARGE_PX)
    result = metric.compute()
    per_class = {
        Street.CLASS_NAMES[int(number)]: float(row.mean())
        for number, row in zip(result.matched_classes, result.ap_per_class, strict=True)
    }
    map50, map50_95 = float(result.map50), float(result.map50_95)
    return Accuracy(pictures, everything, large, plain, map50, map50_95, per_class)


def as_detections(boxes: Sequence[TruthBox]) -> sv.Detections:
    """Return truth as detections."""
    if not boxes:
        return sv.Detections.empty()
    return sv.Detections(
        xyxy=np.array([[box.x1, box.y1, box.x2, box.y2] for box in boxes], np.float32),
        class_id=np.array([Street.CLASS_NAMES.index(box.class_name) for box in boxes]),
    )


def _of_class(detections: sv.Detections, number: int) -> sv.Detections:
    if detections.class_id is None:
        return sv.Detections.empty()
    chosen = detections[detections.class_id == number]
    assert isinstance(chosen, sv.Detections)
    return chosen


def measure_speed(path: Path, rounds: int = 60) -> Figures:
    """Return median times per 640x360 picture on one thread, ms, and that of a yardstick.

    The yardstick is the encoding of the same pictures by libx264 (veryfast, one thread),
    measured in turn with the detector, so that what else the machine does touches both alike.
    """
    street = Street(*PICTURE_SIZE, seed=1)
    pictures = [Picture.from_planes(street.draw(number), number * 3000) for number in range(rounds)]
    detector = OnnxDetector(path, threads=1)
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = PICTURE_SIZE
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = TICK
    encoder.thread_count = 1
    encoder.options = {"preset": "veryfast", "tune": "zerolatency"}
    detect, encode = [], []
    for picture in pictures:
        start = perf_counter()
        detector.detect([picture])
        between = perf_counter()
        list(encoder.encode(picture.frame))
        detect.append((between - start) * 1000)
        encode.append((perf_counter() - between) * 1000)
    return {
        "detect_ms": round(statistics.median(detect), 1),
        "detect_best_ms": round(min(detect), 1),
        "encode_ms": round(statistics.median(encode), 1),
    }


def processor() -> str:
    """Return what the CPU calls itself, as far as it can be told."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
