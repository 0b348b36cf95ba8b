"""Converts user input into what a camera takes: detectors, renderers, validated settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
import supervision as sv
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from streamlab.detect.detector import Detector, LoadOptions
from streamlab.detect.function import CallableDetector
from streamlab.detect.load import LocalDetector, Origin, Recipe
from streamlab.detect.render import Renderer, RgbRenderer, redacts
from streamlab.detect.renderers import DEFAULT_RENDERER, load_redacting, load_renderer
from streamlab.detect.ultralytics import UltralyticsModel
from streamlab.errors import InvalidRequestError, ModelError
from streamlab.media.spec import SourceSpec

T = TypeVar("T")
Rgb: TypeAlias = NDArray[np.uint8]
AnyDetector: TypeAlias = str | Path | Detector | Callable[[Rgb], sv.Detections]
"""A name or file for ``load_detector``, a detector, an Ultralytics model, or a function of RGB."""
AnyRenderer: TypeAlias = str | Renderer | Callable[[Rgb, sv.Detections], Rgb] | Sequence[Any]
"""A name, a renderer, a function of RGB and detections, or supervision annotators (1 or more)."""


def as_origin(wanted: AnyDetector, spec: SourceSpec) -> Origin:
    """Return what to load the detector from that ``wanted`` describes.

    ``"truth"`` needs a synthetic ``spec``. Raises ModelError.
    """
    if isinstance(wanted, str | Path):
        return Recipe(str(wanted), LoadOptions(source=spec))
    if _is_ultralytics(wanted):
        return LocalDetector(_of_ultralytics(wanted))
    if all(hasattr(wanted, each) for each in ("name", "detect", "kind", "close")):
        return LocalDetector(cast(Detector, wanted))
    if callable(wanted):
        return LocalDetector(CallableDetector(wanted))
    raise ModelError(
        f"{type(wanted).__name__} is not a detector",
        hint="Give a model's name or file, or a function from an RGB image to "
        "supervision.Detections.",
    )


def as_renderer(wanted: AnyRenderer | None) -> Renderer:
    """Return the renderer that ``wanted`` describes; None: the default one. Raises ModelError."""
    if wanted is None or isinstance(wanted, str):
        return load_renderer(wanted or DEFAULT_RENDERER)
    if hasattr(wanted, "draw"):
        return cast(Renderer, wanted)
    if isinstance(wanted, Sequence):
        return RgbRenderer(_annotating(wanted))
    if hasattr(wanted, "annotate"):
        return RgbRenderer(_annotating([wanted]))
    if callable(wanted):
        return RgbRenderer(wanted)
    raise ModelError(
        f"{type(wanted).__name__} is not a renderer",
        hint="Give an annotator of supervision (or a list of them), or a function from an RGB "
        "image and detections to an RGB image.",
    )


def as_redacting(wanted: AnyRenderer) -> Renderer:
    """Return the renderer that ``wanted`` describes, marked as redacting.

    Functions and annotators are taken to redact. Raises ModelError for a renderer that does not.
    """
    if isinstance(wanted, str):
        return load_redacting(wanted)
    renderer = as_renderer(wanted)
    if renderer is not wanted:
        cast(RgbRenderer, renderer).redacts = True
    elif not redacts(renderer):
        raise ModelError(
            f"{type(renderer).__name__} does not redact",
            hint="Give it a true attribute 'redacts' if it makes what was found unrecognisable.",
        )
    return renderer


def checked(name: str, value: object, kind: Any) -> Any:
    """Return ``value`` validated as ``kind``, a type of a setting. Raises InvalidRequestError."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        problem = error.errors()[0]["msg"].replace("Input should", "it should")
        raise InvalidRequestError(f"{name} is {value!r}, but {problem}") from None


def _is_ultralytics(wanted: object) -> bool:
    return callable(wanted) and type(wanted).__module__.partition(".")[0] == "ultralytics"


def _of_ultralytics(model: Any) -> Detector:
    """Wrap a loaded model."""
    loaded = UltralyticsModel(model)

    def detect(rgb: Rgb) -> sv.Detections:
        return sv.Detections.from_ultralytics(loaded.predict([rgb])[0])

    name = getattr(model, "ckpt_path", None) or type(model).__name__
    return CallableDetector(detect, Path(str(name)).name)


def _annotating(annotators: Sequence[Any]) -> Callable[[Rgb, sv.Detections], Rgb]:
    """Return a function that draws with supervision annotators, in order; they work on BGR."""

    def draw(rgb: Rgb, detections: sv.Detections) -> Rgb:
        scene = rgb[:, :, ::-1].copy()
        for annotator in annotators:
            scene = annotator.annotate(scene=scene, detections=detections)
        return scene[:, :, ::-1]

    return draw
