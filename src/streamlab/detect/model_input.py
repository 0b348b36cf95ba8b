"""The input of a model: pictures converted, scaled and placed in one kept tensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from streamlab.detect.letterbox import Letterbox
from streamlab.media.picture import Picture, RgbConverter


class ModelInput:
    """A batch of pictures as the model takes it, for one thread at a time.

    ``batch`` is the only number of pictures that the model takes, None where any will do.
    ``dtype`` is that of the tensor; for ``bgr_255`` see ``Letterbox.fill``.
    """

    def __init__(self, batch: int | None, dtype: DTypeLike, *, bgr_255: bool) -> None:
        self._batch = batch
        self._bgr_255 = bgr_255
        self._converter = RgbConverter()
        self._tensor: NDArray[np.generic] = np.empty((0, 3, 0, 0), dtype)
        self._letterboxes: list[Letterbox | None] = []  # of each row: the grey around is there

    def fill(
        self, pictures: Sequence[Picture], letterboxes: Sequence[Letterbox]
    ) -> NDArray[np.generic]:
        """Return ``(batch, 3, height, width)``, which the next call overwrites.

        All letterboxes have one input size. Rows beyond the pictures hold anything.
        """
        width, height = letterboxes[0].input_size
        rows = self._batch or len(pictures)
        if self._tensor.shape[2:] != (height, width) or len(self._tensor) < rows:
            self._tensor = np.zeros((rows, 3, height, width), self._tensor.dtype)
            self._letterboxes = [None] * rows
        for row, (picture, letterbox) in enumerate(zip(pictures, letterboxes, strict=True)):
            letterbox.fill(
                self._converter.planes(picture),
                self._tensor[row],
                bgr_255=self._bgr_255,
                surround=self._letterboxes[row] != letterbox,
            )
            self._letterboxes[row] = letterbox
        return self._tensor[:rows]
