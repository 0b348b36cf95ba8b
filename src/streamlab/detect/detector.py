"""What a detector is: pictures in, ``supervision.Detections`` out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import supervision as sv

from streamlab.media.picture import Picture
from streamlab.media.spec import SourceSpec

DetectorKind: TypeAlias = Literal["onnx", "ultralytics", "callable", "scripted", "plugin"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a detector is to be made, as far as that has a meaning for it."""

    confidence: float = 0.25
    """Boxes below it are dropped, 0..1."""
    iou: float = 0.5
    """Overlap above which the weaker of two boxes of a class is dropped, 0..1."""
    threads: int | None = None
    provider: str | None = None
    """A name of ``providers.PROVIDERS``."""
    source: SourceSpec | None = None
    """The camera that it is for; None: any number of cameras."""


class Detector(Protocol):
    """Finds objects in a batch of pictures.

    One thread calls ``detect`` at a time. The pictures may differ in size and may come from
    different cameras; they are shared with others and must not be written to. A detector asks
    a picture for the RGB it needs, at the size it needs it (``picture.rgb(width, height)``).
    """

    @property
    def name(self) -> str:
        """What people call it, such as the model file's name."""
        ...

    @property
    def kind(self) -> DetectorKind:
        """Where its answers come from; ``scripted`` means ground truth or a script."""
        ...

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        """Return one ``Detections`` per picture, in order.

        ``xyxy`` is float32 ``(n, 4)`` in px of the picture, ``confidence`` float32 ``(n,)`` in
        0..1, ``class_id`` int ``(n,)`` and ``data["class_name"]`` str ``(n,)``. An empty result
        is ``Detections.empty()``.
        """
        ...

    def close(self) -> None:
        """Give back what the detector holds; it is not used afterwards."""
        ...
