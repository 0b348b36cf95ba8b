"""A detector on ONNX Runtime: YOLO models that Ultralytics exported, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.classes import named_detections
from streamlab.detect.detector import DetectorKind
from streamlab.detect.letterbox import Letterbox, fit
from streamlab.detect.onnx_model import (
    RUNTIME_ERRORS,
    open_session,
    read_card,
    refuse_output,
    refuse_run,
)
from streamlab.detect.onnx_output import Layout, output_layout, read_boxes, read_grid
from streamlab.detect.providers import Provider
from streamlab.media.picture import Picture


class OnnxDetector:
    """Runs an exported YOLO detection model, end-to-end or with NMS here.

    ``confidence`` is the score that a box must exceed, ``iou`` the overlap above which NMS
    drops the weaker box of a class (end-to-end models have done that themselves). The model's
    metadata gives class names, input size and stride; without ``names`` classes are called by
    their numbers when the output can mean only one thing. For ``threads`` and ``providers``
    see ``open_session``. Loading runs the model once, so a model that loads works.

    Raises ModelNotFoundError for a missing file, ModelFormatError for a file that is not a
    detection model, and ModelError for a provider that is not there.
    """

    kind: DetectorKind = "onnx"

    def __init__(
        self,
        path: str | Path,
        *,
        confidence: float = 0.25,
        iou: float = 0.5,
        threads: int | None = None,
        providers: Sequence[Provider] | None = None,
    ) -> None:
        self.path = Path(path)
        self.name = self.path.name
        self.confidence = confidence
        self.iou = iou
        self._session = open_session(self.path, threads=threads, providers=providers)
        self.card = read_card(self._session, self.path)
        self._layout = self._find_layout()

    @property
    def provider(self) -> str:
        """The execution provider that runs it, by ONNX Runtime's name."""
        providers: list[str] = self._session.get_providers()
        return providers[0]

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        """Return one ``Detections`` per picture, in order."""
        found: dict[int, sv.Detections] = {}
        for indices, letterboxes in self._batches(pictures):
            tensor = self._empty_batch(letterboxes[0].input_size, len(indices))
            for row, index in enumerate(indices):
                letterboxes[row].fill(pictures[index].rgb(), tensor[row])
            output = self._run(tensor)[0]
            for row, index in enumerate(indices):
                found[index] = self._read(output[row], letterboxes[row])
        return [found[index] for index in range(len(pictures))]

    def close(self) -> None:
        """Give back the model's memory."""
        del self._session

    def _batches(self, pictures: Sequence[Picture]) -> Iterator[tuple[list[int], list[Letterbox]]]:
        """Yield the indices of pictures that can go in together, with their letterboxes."""
        card = self.card
        fits = [fit((p.width, p.height), card.input_size, card.dynamic_stride) for p in pictures]
        by_size: dict[tuple[int, int], list[int]] = {}
        for index, letterbox in enumerate(fits):
            by_size.setdefault(letterbox.input_size, []).append(index)
        for indices in by_size.values():
            step = card.max_batch or len(indices)
            for start in range(0, len(indices), step):
                chunk = indices[start : start + step]
                yield chunk, [fits[index] for index in chunk]

    def _empty_batch(self, size: tuple[int, int], count: int) -> NDArray[np.floating]:
        width, height = size
        return np.zeros((self.card.max_batch or count, 3, height, width), self.card.dtype)

    def _run(self, tensor: NDArray[np.floating]) -> list[NDArray[np.floating]]:
        outputs: list[NDArray[np.floating]] = self._session.run(
            None, {self.card.input_name: tensor}
        )
        return outputs

    def _read(self, output: NDArray[np.floating], letterbox: Letterbox) -> sv.Detections:
        if self._layout == "boxes":
            xyxy, score, class_id = read_boxes(output, self.confidence)
        else:
            xyxy, score, class_id = read_grid(output, self.confidence, self.iou)
        return named_detections(letterbox.restore(xyxy), score, class_id, self.card.names or {})

    def _find_layout(self) -> Layout:
        try:
            outputs = self._run(self._empty_batch(self.card.input_size, 1))
        except RUNTIME_ERRORS as error:
            raise refuse_run(self.path, error) from error
        names = self.card.names
        layout = output_layout(outputs[0].shape, None if names is None else len(names))
        # Without names or a task a grid may as well be one of poses or of rotated boxes.
        unknown = layout == "grid" and names is None and self.card.task is None
        if layout is None or unknown or len(outputs) != 1:
            raise refuse_output(self.path, [output.shape for output in outputs], self.card)
        return layout
