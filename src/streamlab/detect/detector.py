"""The detector interface: pictures in, ``supervision.Detections`` out."""

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
    """Options for loading a detector; not every detector uses all of them."""

    confidence: float = 0.25
    """Boxes with a lower score are dropped, 0..1."""
    iou: float = 0.5
    """IoU above which the weaker of two boxes of a class is dropped, 0..1."""
    threads: int | None = None
    provider: str | None = None
    """A name from ``providers.PROVIDERS``."""
    source: SourceSpec | None = None
    """The camera that the detector is for; None: any number of cameras."""


class Detector(Protocol):
    """Finds objects in a batch of pictures.

    One thread at a time calls ``detect``. The pictures may differ in size and come from
    different cameras; they are shared and must not be modified. A detector requests RGB from a
    picture at the size it needs (``picture.rgb(width, height)``).
    """

    @property
    def name(self) -> str:
        """Display name, such as the model's file name."""
        ...

    @property
    def kind(self) -> DetectorKind:
        """Where the results come from; ``scripted`` means ground truth or a script."""
        ...

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        """Return one ``Detections`` per picture, in order.

        ``xyxy`` is float32 ``(n, 4)`` in px of the picture, ``confidence`` float32 ``(n,)`` in
        0..1, ``class_id`` int ``(n,)`` and ``data["class_name"]`` str ``(n,)``. An empty result
        is ``Detections.empty()``.
        """
        ...

    def close(self) -> None:
        """Release the detector's resources; it is not used afterwards."""
        ...
