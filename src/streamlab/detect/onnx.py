"""A detector on ONNX Runtime: YOLO and RT-DETR models, without torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect import onnx_bounds
from streamlab.detect.classes import named_detections
from streamlab.detect.detector import DetectorKind, LoadOptions
from streamlab.detect.letterbox import Letterbox, ModelInput, fit
from streamlab.detect.model_spec import ModelSpec
from streamlab.detect.onnx_identify import Reading, boxes_output, identify
from streamlab.detect.onnx_model import (
    RUNTIME_ERRORS,
    open_session,
    output_names,
    read_card,
    refuse_run,
)
from streamlab.detect.onnx_output import (
    NAMED_OUTPUTS,
    RTDETR_NAMED,
    YOLOV8,
    YOLOX,
    Format,
    Layout,
    read_output,
    yolox_strides,
)
from streamlab.detect.onnx_probe import probe_picture
from streamlab.detect.providers import Provider, find_provider
from streamlab.detect.text import printable
from streamlab.errors import ModelError
from streamlab.media.picture import Picture

Outputs = dict[str, NDArray[np.generic]]


class OnnxDetector:
    """Runs an exported detection model of the YOLO family or RT-DETR.

    The model's metadata gives class names, input size and stride; a class without a name is
    named by its id. Loading runs the model once, so a model that loads works. ``counts`` counts
    dropped boxes: ``boxes_invalid``, ``boxes_over_limit``.

    Args:
        path: the model file.
        confidence: score that a box must exceed.
        iou: overlap above which NMS drops the weaker box of a class (end-to-end models have
            done that themselves).
        threads: see ``open_session``.
        providers: see ``open_session``.
        format: format of the output; None: identified by evidence (``onnx_identify``).

    Raises:
        ModelNotFoundError: the file is missing.
        ModelFormatError: the file is not a detection model, or could be read in several ways.
        ModelError: loading, or the first run, takes too long, or a provider is not available.
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
        format: Format | None = None,  # noqa: A002
    ) -> None:
        self.path = Path(path)
        self.name = printable(self.path.name)
        self.confidence = confidence
        self.iou = iou
        self.counts: Counter[str] = Counter()
        self._session = open_session(self.path, threads=threads, providers=providers)
        self._output_names = output_names(self._session, self.path)
        self.card = read_card(self._session, self.path)
        self.reading, self._field_count = self._identify(format)
        bgr_255 = self._layout.bgr_255
        self._input = ModelInput(self.card.max_batch, self.card.dtype, bgr_255=bgr_255)

    @property
    def provider(self) -> str:
        """The execution provider that runs the model, by ONNX Runtime's name."""
        providers: list[str] = self._session.get_providers()
        return providers[0]

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        """Return one ``Detections`` per picture, in order.

        Raises ModelError if the model returns outputs of another shape than at load time.
        """
        found: dict[int, sv.Detections] = {}
        for indices, letterboxes in self._batches(pictures):
            size = letterboxes[0].input_size
            tensor = self._input.fill([pictures[index] for index in indices], letterboxes)
            outputs = self._boxes_of(self._run(tensor, size), len(tensor), size)
            for row, index in enumerate(indices):
                found[index] = self._read([output[row] for output in outputs], letterboxes[row])
        return [found[index] for index in range(len(pictures))]

    def close(self) -> None:
        """Release the model's memory."""
        del self._session

    @property
    def _layout(self) -> Layout:
        return self.reading.layout

    def _batches(self, pictures: Sequence[Picture]) -> Iterator[tuple[list[int], list[Letterbox]]]:
        """Yield the indices of pictures that can form a batch, with their letterboxes."""
        card, placement = self.card, self._layout.placement
        fits = [
            fit((picture.width, picture.height), card.input_size, card.dynamic_stride, placement)
            for picture in pictures
        ]
        by_size: dict[tuple[int, int], list[int]] = {}
        for index, letterbox in enumerate(fits):
            by_size.setdefault(letterbox.input_size, []).append(index)
        for indices in by_size.values():
            step = card.max_batch or len(indices)
            for start in range(0, len(indices), step):
                chunk = indices[start : start + step]
                yield chunk, [fits[index] for index in chunk]

    def _run(
        self,
        tensor: NDArray[np.generic],
        size: tuple[int, int],
        options: onnxruntime.RunOptions | None = None,
    ) -> Outputs:
        inputs: Outputs = {self.card.input_name: tensor}
        if self.card.sizes_input is not None:
            name, dtype = self.card.sizes_input
            inputs[name] = np.tile(np.array(size, dtype), (len(tensor), 1))
        answers = self._session.run(None, inputs, options)
        return dict(zip(self._output_names, map(np.asarray, answers), strict=True))

    def _boxes_of(
        self, outputs: Outputs, batch: int, size: tuple[int, int]
    ) -> list[NDArray[np.generic]]:
        """Return the outputs that hold boxes. Raises ModelError if their shape has changed."""
        chosen = _chosen(outputs, self._layout)
        fits = bool(chosen) and _fields(chosen, self._layout) == self._field_count
        fits = fits and all(len(output) == batch for output in chosen)
        if self._layout is YOLOX:
            fits = fits and bool(yolox_strides(chosen[0].shape[1], size))
        if not fits:
            given = ", ".join(str(list(output.shape)) for output in outputs.values())
            raise ModelError(
                f"'{self.name}' gives {given} for {batch} pictures of {size[0]}x{size[1]} px, not "
                f"{self._layout.shape} as when it was loaded",
                hint="Export the model again.",
            )
        return chosen

    def _read(self, outputs: Sequence[NDArray[np.generic]], letterbox: Letterbox) -> sv.Detections:
        xyxy, score, class_id = read_output(
            self._layout,
            outputs,
            letterbox.input_size,
            confidence=self.confidence,
            iou=self.iou,
            counts=self.counts,
        )
        boxes = letterbox.restore(xyxy)
        seen = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))
        self.counts["boxes_invalid"] += len(boxes) - len(seen)
        return named_detections(boxes[seen], score[seen], class_id[seen], self.card.names or {})

    def _identify(self, wanted: Format | None) -> tuple[Reading, int | None]:
        size = self.card.input_size
        tensor = np.zeros((self.card.max_batch or 1, 3, size[1], size[0]), self.card.dtype)
        fit(size, size).fill(probe_picture(size), tensor[0])
        options = onnxruntime.RunOptions()
        try:
            outputs = onnx_bounds.within(
                onnx_bounds.RUN_TIMEOUT_S,
                partial(self._run, tensor, size, options),
                partial(setattr, options, "terminate", True),
                f"'{self.path}' gave no answer to its first picture",
            )
        except RUNTIME_ERRORS as error:
            raise refuse_run(self.path, error) from error
        reading = identify(
            outputs,
            self.card.metadata,
            size,
            model=str(self.path),
            wanted=wanted,
            takes_sizes=self.card.sizes_input is not None,
        )
        return reading, _fields(_chosen(outputs, reading.layout), reading.layout)


def _chosen(outputs: Outputs, layout: Layout) -> list[NDArray[np.generic]]:
    """Return the outputs that hold boxes: one, or those of ``NAMED_OUTPUTS``; else none."""
    if layout is RTDETR_NAMED:
        return [outputs[name] for name in NAMED_OUTPUTS]
    output = boxes_output(outputs)
    return [] if output is None else [output]


def _fields(chosen: Sequence[NDArray[np.generic]], layout: Layout) -> int | None:
    """Return the number of fields of a box; None if the outputs do not belong together."""
    if layout is not RTDETR_NAMED:
        return int(chosen[0].shape[1 if layout is YOLOV8 else 2])
    labels, boxes, scores = chosen
    together = boxes.ndim == 3 and labels.shape == scores.shape == boxes.shape[:2]
    return int(boxes.shape[2]) if together else None


def load_onnx(model: str, options: LoadOptions) -> OnnxDetector:
    """Load the model that ``ModelSpec.parse`` reads. Raises ModelError and its subclasses."""
    spec, name, threads = ModelSpec.parse(model), options.provider, options.threads
    return OnnxDetector(
        spec.path,
        confidence=options.confidence,
        iou=options.iou,
        threads=threads,
        providers=None if name is None else find_provider(name, threads=threads),
        format=spec.format,
    )
