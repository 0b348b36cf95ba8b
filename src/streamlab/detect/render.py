"""The renderer interface, and a renderer for RGB functions. ``draw.BoxRenderer`` is faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import av
import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.text import printable
from streamlab.errors import ModelError
from streamlab.media.picture import Picture

RgbFunction = Callable[[NDArray[np.uint8], sv.Detections], NDArray[np.uint8]]


class Renderer(Protocol):
    """Draws detections on pictures."""

    def draw(
        self,
        picture: Picture,
        detections: sv.Detections,
        *,
        top_px: int = 0,
        stale: bool = False,
    ) -> None:
        """Draw in place. Rows above ``top_px`` stay untouched, because the truth strip is there.

        ``stale``: the boxes were found in an older picture than this one.
        """
        ...


class RgbRenderer:
    """Draws with any function of RGB pixels, such as an annotator of supervision. Slow.

    ``function`` receives uint8 ``(height, width, 3)``, a copy that it may modify, and the
    detections, and returns an array of the same shape. Converting the picture to RGB and back
    takes tens of times as long as ``draw.BoxRenderer`` and alters colours slightly. The
    annotators of supervision draw in BGR: pass them ``rgb[..., ::-1].copy()`` and reverse the
    channels of the result, or red and blue are swapped. ``stale`` is not shown.

    ``redacts``: the function makes every detected object unrecognisable, so a frame that it has
    not drawn on, with detections of its own or recent ones, is not sent (``camera.redaction``).
    """

    def __init__(self, function: RgbFunction, *, redacts: bool = False) -> None:
        self._function = function
        self.redacts = redacts
        self.name = str(getattr(function, "__name__", type(function).__name__))

    def draw(
        self,
        picture: Picture,
        detections: sv.Detections,
        *,
        top_px: int = 0,
        stale: bool = False,  # noqa: ARG002
    ) -> None:
        """Draw in place, below ``top_px``.

        Raises ModelError if the function returns another shape or type.
        """
        rgb = self._check(self._function(picture.rgb(), detections), picture)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=picture.frame.colorspace,
            dst_color_range=picture.frame.color_range,
        )
        drawn = Picture(frame, picture.pts)
        top = (top_px + 1) // 2  # rounded up, because a row of U and V covers two of Y
        tops = (2 * top, top, top)
        for target, source, first in zip(picture.planes(), drawn.planes(), tops, strict=True):
            target[first:] = source[first:]

    @staticmethod
    def _check(answer: object, picture: Picture) -> NDArray[np.uint8]:
        expected = (picture.height, picture.width, 3)
        if isinstance(answer, np.ndarray):
            if answer.shape == expected and answer.dtype == np.uint8:
                return answer
            given = f"{answer.dtype} {answer.shape}"
        else:
            given = type(answer).__name__
        raise ModelError(
            f"the drawing function returned {given}, not uint8 {expected}",
            hint="Return an image of the same size and type as the one passed in.",
        )


def redacts(renderer: Renderer) -> bool:
    """Return True if a renderer is marked as redacting: it has a true attribute ``redacts``."""
    return bool(getattr(renderer, "redacts", False))


def renderer_name(renderer: Renderer) -> str:
    """Return a renderer's display name: its ``name`` if it has one, else its class name."""
    return printable(str(getattr(renderer, "name", type(renderer).__name__)))
