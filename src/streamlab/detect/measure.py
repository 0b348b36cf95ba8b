"""Measures how fast a detector is on this machine."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.detector import Detector
from streamlab.media.picture import Picture

_MIN_RUNS = 3


@dataclass(frozen=True, slots=True)
class Timing:
    """Time of a detector at one batch size: the median of ``runs`` runs after a warm-up run."""

    batch: int
    ms_per_picture: float
    runs: int


def measure_detector(detector: Detector, pictures: Sequence[Picture], within_s: float) -> Timing:
    """Time the detector on these pictures as one batch, for ``within_s`` and at least three runs.

    The time covers everything that a camera pays for: conversion to RGB, letterboxing, inference
    and reading the boxes. The first run, which allocates and may compile, is not counted.
    """
    times_ms: list[float] = []
    detector.detect(pictures)
    until_ns = monotonic_ns() + round(within_s * NS_PER_S)
    while len(times_ms) < _MIN_RUNS or monotonic_ns() < until_ns:
        started_ns = monotonic_ns()
        detector.detect(pictures)
        times_ms.append((monotonic_ns() - started_ns) / 1e6)
    return Timing(len(pictures), statistics.median(times_ms) / len(pictures), len(times_ms))
