from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.render import RgbRenderer
from streamlab.errors import ModelError

from .pictures import grey_picture, noise_picture

NOTHING = sv.Detections.empty()


def paint_red(rgb: NDArray[np.uint8], detections: sv.Detections) -> NDArray[np.uint8]:
    for x1, y1, x2, y2 in detections.xyxy.astype(int):
        rgb[y1:y2, x1:x2] = (255, 0, 0)
    return rgb


def test_the_functions_drawing_is_on_the_picture() -> None:
    picture = grey_picture(64, 48)
    box = sv.Detections(xyxy=np.array([[16, 12, 48, 36]], np.float32))
    RgbRenderer(paint_red).draw(picture, box)
    rgb = picture.rgb().astype(int)
    np.testing.assert_allclose(rgb[24, 32], (255, 0, 0), atol=6)
    np.testing.assert_allclose(rgb[4, 4], grey_picture(64, 48).rgb()[4, 4], atol=3)


def test_supervisions_annotators_draw_turned_round() -> None:
    annotator = sv.BoxAnnotator(color=sv.Color(255, 0, 0), thickness=8)

    def annotate(rgb: NDArray[np.uint8], detections: sv.Detections) -> NDArray[np.uint8]:
        drawn = annotator.annotate(rgb[..., ::-1].copy(), detections)
        return np.asarray(drawn, np.uint8)[..., ::-1]

    picture = grey_picture(64, 48)
    box = sv.Detections(xyxy=np.array([[16, 12, 48, 36]], np.float32), class_id=np.array([0]))
    RgbRenderer(annotate).draw(picture, box, stale=True)
    np.testing.assert_allclose(picture.rgb()[24, 16].astype(int), (255, 0, 0), atol=6)


@pytest.mark.parametrize(("top_px", "kept_px"), [(0, 0), (16, 16), (21, 22), (48, 48)])
def test_reserved_rows_stay_untouched(top_px: int, kept_px: int) -> None:
    picture, before = noise_picture(64, 48), noise_picture(64, 48)
    RgbRenderer(lambda rgb, _: np.full_like(rgb, 255)).draw(picture, NOTHING, top_px=top_px)
    for plane, untouched, rows in zip(
        picture.planes(), before.planes(), (kept_px, kept_px // 2, kept_px // 2), strict=True
    ):
        np.testing.assert_array_equal(plane[:rows], untouched[:rows])
        assert (plane[rows:] == plane[-1, -1]).all()


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        (None, "NoneType"),
        (np.zeros((48, 64, 3)), "float64"),
        (np.zeros((64, 48, 3), np.uint8), r"uint8 \(64, 48, 3\)"),
        (np.zeros((48, 64, 4), np.uint8), r"uint8 \(48, 64, 4\)"),
    ],
)
def test_any_other_answer_is_refused(answer: object, given: str) -> None:
    renderer = RgbRenderer(lambda *_: cast("NDArray[np.uint8]", answer))
    with pytest.raises(ModelError, match=rf"returned {given}.*not uint8 \(48, 64, 3\)"):
        renderer.draw(grey_picture(64, 48), NOTHING)
