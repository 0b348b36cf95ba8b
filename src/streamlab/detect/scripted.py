"""Detectors that run no model: they return ground truth, a script's result, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Protocol

import numpy as np
import supervision as sv

from streamlab.core.time.timebase import frame_number
from streamlab.detect.classes import named_detections
from streamlab.detect.detector import Detector, DetectorKind, LoadOptions
from streamlab.errors import InvalidRequestError
from streamlab.media.picture import Picture
from streamlab.media.spec import SourceKind
from streamlab.street.parameters import StreetParameters
from streamlab.street.scene import Street

# Class ids as in COCO, so that ground truth and models use the same colours.
ROAD_CLASSES = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}
_FIRST_OTHER_CLASS = 80
_NONE = "none"


class TruthBox(Protocol):
    """Ground truth of one object in a frame: its box in px, class and track id."""

    @property
    def x1(self) -> float:
        """Left edge, px."""
        ...

    @property
    def y1(self) -> float:
        """Upper edge, px."""
        ...

    @property
    def x2(self) -> float:
        """Right edge, px."""
        ...

    @property
    def y2(self) -> float:
        """Lower edge, px."""
        ...

    @property
    def class_name(self) -> str:
        """Class of the object."""
        ...

    @property
    def track_id(self) -> int:
        """Constant while the object is in view."""
        ...


class Scene(Protocol):
    """A synthetic scene with ground truth for each of its frames."""

    @property
    def width(self) -> int:
        """Width of the pictures, px."""
        ...

    @property
    def height(self) -> int:
        """Height of the pictures, px."""
        ...

    @property
    def fps(self) -> Fraction:
        """Frames per second."""
        ...

    def truth(self, number: int) -> Sequence[TruthBox]:
        """Return the objects visible in frame ``number``."""
        ...


class ScriptedDetector:
    """Returns the result of ``script`` for each picture."""

    kind: DetectorKind = "scripted"

    def __init__(self, script: Callable[[Picture], sv.Detections], name: str) -> None:
        self.name = name
        self._script = script

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        """Return one ``Detections`` per picture, in order."""
        return [self._script(picture) for picture in pictures]

    def close(self) -> None:
        """Do nothing: there are no resources to release."""


def truth_detector(scene: Scene, name: str = "ground truth") -> ScriptedDetector:
    """Return a detector with the scene's ground truth: each box with score 1 and its track id.

    The pictures must be the scene's, at its frame rate; boxes are scaled if a picture has
    another size.
    """
    numbers = {class_name: number for number, class_name in ROAD_CLASSES.items()}

    def find(picture: Picture) -> sv.Detections:
        boxes = scene.truth(frame_number(picture.pts, scene.fps))
        if not boxes:
            return sv.Detections.empty()
        for box in boxes:
            numbers.setdefault(box.class_name, _FIRST_OTHER_CLASS + len(numbers))
        scale = np.tile((picture.width / scene.width, picture.height / scene.height), 2)
        xyxy = np.array([(box.x1, box.y1, box.x2, box.y2) for box in boxes]) * scale
        detections = named_detections(
            xyxy.astype(np.float32),
            np.ones(len(boxes), np.float32),
            np.array([numbers[box.class_name] for box in boxes]),
            {numbers[box.class_name]: box.class_name for box in boxes},
        )
        detections.tracker_id = np.array([box.track_id for box in boxes])
        return detections

    return ScriptedDetector(find, name)


def load_truth(argument: str, options: LoadOptions) -> ScriptedDetector:  # noqa: ARG001
    """Return the ground-truth detector for the scene of ``options.source``.

    Raises InvalidRequestError unless the source is a synthetic camera.
    """
    source = options.source
    if source is None or source.kind is not SourceKind.SYNTHETIC:
        shown = "a detector of several cameras" if source is None else source.display
        raise InvalidRequestError(
            f"{shown} has no ground truth", hint="Only synthetic cameras have one."
        )
    return truth_detector(_LazyStreet(StreetParameters.parse(source.address)))


class _LazyStreet:
    """A street that is created when its ground truth is first asked for.

    By then its source has given a picture, and has the same street.
    """

    def __init__(self, asked: StreetParameters) -> None:
        self.width, self.height, self.fps = asked.width, asked.height, asked.fps
        self._asked = asked

    def truth(self, number: int) -> Sequence[TruthBox]:
        return self._street.truth(number)

    @cached_property
    def _street(self) -> Street:
        return Street.of(self._asked)


def load_none(argument: str, options: LoadOptions) -> ScriptedDetector:  # noqa: ARG001
    """Return ``no_detector()``; the arguments are ignored."""
    return no_detector()


def no_detector() -> ScriptedDetector:
    """Return a detector that never finds anything."""
    return ScriptedDetector(lambda _: sv.Detections.empty(), _NONE)


def is_none(detector: Detector) -> bool:
    """Return True if a detector, or the one that it wraps, is ``no_detector()``."""
    return detector.kind == "scripted" and detector.name == _NONE
