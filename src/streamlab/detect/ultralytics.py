"""A detector on Ultralytics: runs anything that ``YOLO(...)`` loads. Needs torch."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.classes import named_detections
from streamlab.detect.detector import DetectorKind, LoadOptions
from streamlab.detect.model_spec import ModelSpec
from streamlab.detect.onnx_model import MAX_BATCH, RUNTIME_ERRORS
from streamlab.detect.text import printable
from streamlab.errors import ModelError, ModelFormatError, ModelNotFoundError
from streamlab.media.picture import Picture

_RUN_ERRORS: tuple[type[Exception], ...] = (RuntimeError, *RUNTIME_ERRORS)
_TRY_ERRORS: tuple[type[Exception], ...] = (ImportError, *_RUN_ERRORS)


class UltralyticsModel:
    """Runs a model that Ultralytics has loaded on any number and size of pictures.

    An export may accept only one batch size and one picture size. These are known once
    Ultralytics has read its metadata, at the first picture; until then, and for weights, all
    pictures form one batch. ``options`` are those of ``YOLO.predict``.
    """

    def __init__(self, model: Any, **options: Any) -> None:
        self._model = model
        self._options = {**options, "verbose": False}
        self._batch: int | None = None
        self._adapted = False

    def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Any]:
        """Return Ultralytics' result for each picture, RGB ``(height, width, 3)``."""
        # Ultralytics expects the channel order of OpenCV: BGR.
        images = [np.ascontiguousarray(picture[:, :, ::-1]) for picture in pictures]
        try:
            return self._run(images)
        except _RUN_ERRORS:
            if self._adapted or not self._adapt():
                raise
        return self._run(images)

    def _run(self, images: list[NDArray[np.uint8]]) -> list[Any]:
        step = self._batch or len(images)
        results: list[Any] = []
        for start in range(0, len(images), step):
            batch = images[start : start + step]
            missing = (self._batch or 0) - len(batch)
            found = self._model.predict([*batch, *batch[:1] * missing], **self._options)
            results.extend(found[: len(batch)])
        return results

    def _adapt(self) -> bool:
        """Adopt the sizes of an export; return True if the model is one."""
        backend = getattr(self._model.predictor, "model", None)
        if backend is None or getattr(backend, "format", "pt") == "pt":
            return False
        self._adapted = True
        self._batch = min(max(1, int(getattr(backend, "batch", 1))), MAX_BATCH)
        size = getattr(backend, "imgsz", None)
        if size is not None:
            self._options["imgsz"] = size
        return True


class UltralyticsDetector:
    """Runs a detection model that Ultralytics loads: weights, a model's YAML, or an export.

    The bare name of a model of Ultralytics, such as ``yolo26n.pt``, is downloaded by Ultralytics
    if the file is missing. Loading runs the model once, so a model that loads works.

    Args:
        path: a file, or the name of a model of Ultralytics.
        confidence: as in ``OnnxDetector``.
        iou: as in ``OnnxDetector``.
        input_px: longer side of the model's input.
        device: as Ultralytics accepts it (``cpu``, ``0``, …).

    Raises:
        ModelError: Ultralytics is not installed or cannot run the model.
        ModelNotFoundError: the file is missing.
        ModelFormatError: the file is not a detection model.
    """

    kind: DetectorKind = "ultralytics"

    def __init__(
        self,
        path: str | Path,
        *,
        confidence: float = 0.25,
        iou: float = 0.5,
        input_px: int = 640,
        device: str | None = None,
    ) -> None:
        self.name = printable(Path(path).name)
        self._model = UltralyticsModel(
            _load(path),
            conf=confidence,
            iou=iou,
            imgsz=input_px,
            device=device,
            nms=False,  # the head that needs no NMS, where the model has one
        )
        self._try_out(path)

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        """Return one ``Detections`` per picture, in order."""
        if not pictures:
            return []
        return [
            _to_detections(result)
            for result in self._model.predict([picture.rgb() for picture in pictures])
        ]

    def close(self) -> None:
        """Release the model's memory."""
        del self._model

    def _try_out(self, path: str | Path) -> None:
        try:
            self._model.predict([np.zeros((64, 64, 3), np.uint8)])
        except _TRY_ERRORS as error:
            raise ModelError(
                f"'{path}' loads but cannot be run ({_first_line(error)})",
                hint="torch and torchvision may be incompatible: reinstall both.",
            ) from error


def load_ultralytics(model: str, options: LoadOptions) -> UltralyticsDetector:
    """Load a model that runs in Ultralytics. Raises ModelError and its subclasses.

    A provider or a format is an error.
    """
    name, wanted = ModelSpec.parse(model)
    if options.provider is not None or wanted is not None:
        kind, value = ("provider", options.provider) if wanted is None else ("format", wanted)
        raise ModelError(
            f"'{name}' runs in Ultralytics, which has no {kind} '{value}'",
            hint=f"Export it with `yolo export format=onnx`, or leave the {kind} out.",
        )
    return UltralyticsDetector(name, confidence=options.confidence, iou=options.iou)


def _load(path: str | Path) -> Any:
    try:
        from ultralytics import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415
            YOLO,
        )
    except ImportError as error:
        raise ModelError(
            f"'{path}' needs Ultralytics, which cannot be imported ({error})",
            hint="Install torch first, then `pip install 'streamlab-vision[yolo]'`; or export "
            "the model to ONNX, which needs neither.",
        ) from error
    if Path(path).parent != Path() and not Path(path).exists():
        raise ModelNotFoundError(f"there is no model file '{path}'", hint="Check the path.")
    try:
        model = YOLO(path)
    except (FileNotFoundError, ConnectionError) as error:
        raise ModelNotFoundError(
            f"there is no model '{path}' ({_first_line(error)})",
            hint="Name a file, or one of Ultralytics' own models if they can be downloaded.",
        ) from error
    except (pickle.UnpicklingError, EOFError, RuntimeError, ValueError, TypeError) as error:
        raise ModelFormatError(
            f"Ultralytics cannot load '{path}' ({_first_line(error)})",
            hint="It loads .pt weights, .yaml model definitions and the formats it exports.",
        ) from error
    if model.task != "detect":
        raise ModelFormatError(
            f"'{path}' is a model for '{model.task}', not for detection",
            hint="Use a detection model such as yolo26n.pt.",
        )
    return model


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _to_detections(result: Any) -> sv.Detections:
    boxes = result.boxes.cpu().numpy()
    return named_detections(
        boxes.xyxy.astype(np.float32),
        boxes.conf.astype(np.float32),
        boxes.cls.astype(np.int64),
        result.names,
    )
