"""A picture that shows how a model answers, and what can be told from the answer's values."""

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
_MIN_CELLS = 16  # fewer rows than that may as well be boxes that were chosen
_NORMALISED_MAX = 2.0  # of coordinates in shares of the input; px of a whole grid are far more
_LARGEST_SHARE = 1.001  # half floats and integers round up
_BLOBS, _SEED = (10, 6), 5


@lru_cache(maxsize=4)
def probe_picture(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return RGB ``(height, width, 3)`` with edges, colours and grain; the same every time."""
    random = np.random.default_rng(_SEED)
    blobs = random.integers(0, 256, (_BLOBS[1], _BLOBS[0], 3)).astype(np.uint8)
    large = cv2.resize(blobs, size, interpolation=cv2.INTER_CUBIC).astype(np.int16)
    grain = random.integers(-20, 21, large.shape)
    return (large + grain).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Probe:
    """What a model gave for the probe picture."""

    output: NDArray[np.float32]
    """Its one output, of one picture, ``(rows, columns)``."""
    input_size: tuple[int, int]
    """Width and height of the input, px."""
    metadata: Metadata

    @cached_property
    def cell_counts(self) -> frozenset[int]:
        """How many cells the grids of such an input may have."""
        width, height = self.input_size
        counts = (
            sum((width // stride) * (height // stride) for stride in strides)
            for strides in _neighbours(_STRIDES)
        )
        return frozenset(count for count in counts if count >= _MIN_CELLS)

    def is_cells(self, count: int, per_cell: int = 1) -> bool:
        """Whether so many rows are those of a grid."""
        return count % per_cell == 0 and count // per_cell in self.cell_counts

    def holds_classes(self, fields: int) -> bool:
        """Whether so many fields beside the others can be the scores of the classes."""
        known = self.metadata.class_count
        return fields == known if known is not None else fields >= 1


def are_shares(values: NDArray[np.float32]) -> bool:
    """Whether all are in 0..1, as scores are. Here and below, what is not finite does not count."""
    return least(values) >= 0 and greatest(values) <= _LARGEST_SHARE


def are_normalised(boxes: NDArray[np.float32]) -> bool:
    """Whether coordinates are shares of the input, not px. All zero is neither."""
    return 0 < greatest(np.abs(boxes)) <= _NORMALISED_MAX


def are_whole(numbers: NDArray[np.float32]) -> bool:
    """Whether all can be numbers of classes."""
    finite = numbers[np.isfinite(numbers)]
    return bool((finite == np.floor(finite)).all() and (finite >= 0).all())


def is_answer(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> bool:
    """Whether boxes are in px, and the other numbers can be nothing but scores."""
    return greatest(boxes) > _NORMALISED_MAX and are_shares(scores) and greatest(scores) > 0


def least(values: NDArray[np.float32]) -> float:
    """Return the smallest, at most 0."""
    return float(values[np.isfinite(values)].min(initial=0))


def greatest(values: NDArray[np.float32]) -> float:
    """Return the largest, at least 0."""
    return float(values[np.isfinite(values)].max(initial=0))


def _neighbours(strides: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield strides of two grids or more, next to each other."""
    for start, end in combinations(range(len(strides) + 1), 2):
        if end - start > 1:
            yield strides[start:end]
