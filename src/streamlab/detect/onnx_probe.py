"""A probe picture for models, and tests on the values that a model returns for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.detect.onnx_metadata import Metadata

_STRIDES = (4, 8, 16, 32, 64)
_MIN_CELLS = 16  # fewer rows may as well be selected boxes
_NORMALISED_MAX = 2.0  # of coordinates as fractions of the input; px of a whole grid are far more
_LARGEST_SHARE = 1.001  # half floats and integers round up
_BLOBS, _SEED = (10, 6), 5


@lru_cache(maxsize=4)
def probe_picture(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return RGB ``(height, width, 3)`` with edges, colours and grain; always the same."""
    random = np.random.default_rng(_SEED)
    blobs = random.integers(0, 256, (_BLOBS[1], _BLOBS[0], 3)).astype(np.uint8)
    large = cv2.resize(blobs, size, interpolation=cv2.INTER_CUBIC).astype(np.int16)
    grain = random.integers(-20, 21, large.shape)
    return (large + grain).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Probe:
    """A model's output for the probe picture."""

    output: NDArray[np.float32]
    """The one output, of one picture, ``(rows, columns)``."""
    input_size: tuple[int, int]
    """Width and height of the input, px."""
    metadata: Metadata

    @cached_property
    def cell_counts(self) -> frozenset[int]:
        """Possible numbers of grid cells for such an input."""
        width, height = self.input_size
        counts = (
            sum((width // stride) * (height // stride) for stride in strides)
            for strides in _neighbours(_STRIDES)
        )
        return frozenset(count for count in counts if count >= _MIN_CELLS)

    def is_cells(self, count: int, per_cell: int = 1) -> bool:
        """Return True if ``count`` rows can be a grid with ``per_cell`` rows per cell."""
        return count % per_cell == 0 and count // per_cell in self.cell_counts

    def holds_classes(self, fields: int) -> bool:
        """Return True if ``fields`` fields can be the class scores."""
        known = self.metadata.class_count
        return fields == known if known is not None else fields >= 1


def are_shares(values: NDArray[np.float32]) -> bool:
    """Return True if all values are in 0..1, as scores are.

    Here and below, values that are not finite are ignored.
    """
    return least(values) >= 0 and greatest(values) <= _LARGEST_SHARE


def are_normalised(boxes: NDArray[np.float32]) -> bool:
    """Return True if coordinates are fractions of the input, not px; False if all are zero."""
    return 0 < greatest(np.abs(boxes)) <= _NORMALISED_MAX


def are_whole(numbers: NDArray[np.float32]) -> bool:
    """Return True if all values can be class ids."""
    finite = numbers[np.isfinite(numbers)]
    return bool((finite == np.floor(finite)).all() and (finite >= 0).all())


def is_answer(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> bool:
    """Return True if boxes are in px, and the other values can be nothing but scores."""
    return greatest(boxes) > _NORMALISED_MAX and are_shares(scores) and greatest(scores) > 0


def least(values: NDArray[np.float32]) -> float:
    """Return the smallest value, at most 0."""
    return float(values[np.isfinite(values)].min(initial=0))


def greatest(values: NDArray[np.float32]) -> float:
    """Return the largest value, at least 0."""
    return float(values[np.isfinite(values)].max(initial=0))


def _neighbours(strides: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield every run of two or more adjacent strides."""
    for start, end in combinations(range(len(strides) + 1), 2):
        if end - start > 1:
            yield strides[start:end]
