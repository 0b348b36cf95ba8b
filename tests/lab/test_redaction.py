"""How a notebook asks for redaction."""

from __future__ import annotations

import numpy as np
import pytest
import supervision as sv
from numpy.typing import NDArray

from streamlab import Lab
from streamlab.core.mp4.fragment import WireBox
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.redact import Blur
from streamlab.detect.render import redacts
from streamlab.errors import InvalidRequestError, ModelError
from streamlab.lab.choices import AnyRenderer, as_redacting, as_renderer

STREET = "synthetic://traffic?width=320&height=180&fps=10&seed=3"


def detail(rgb: NDArray[np.uint8], boxes: list[WireBox]) -> float:
    """Return how much neighbouring pixels of the largest box differ on average."""
    corners = np.array([box[:4] for box in boxes], float).round().astype(int)
    x1, y1, x2, y2 = max(corners, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    return float(np.abs(np.diff(rgb[y1:y2, x1:x2].astype(int), axis=1)).mean())


def plain(rgb: NDArray[np.uint8], detections: sv.Detections) -> NDArray[np.uint8]:
    return rgb


def test_what_is_given_as_redact_is_marked() -> None:
    blur = Blur()
    assert as_redacting(blur) is blur
    given: list[AnyRenderer] = ["pixelate", "blur", plain, [sv.BlurAnnotator()]]
    for wanted in given:
        assert redacts(as_redacting(wanted))
    for wanted in ("boxes", *given[2:]):
        assert not redacts(as_renderer(wanted))


@pytest.mark.parametrize("wanted", ["boxes", BoxRenderer()])
def test_what_does_not_redact_is_refused(wanted: str | BoxRenderer) -> None:
    with pytest.raises(ModelError, match="does not redact"):
        as_redacting(wanted)


def test_a_camera_that_is_added_with_redact() -> None:
    with Lab(name="redaction") as lab:
        with pytest.raises(InvalidRequestError, match="not both"):
            lab.add(STREET, renderer="boxes", redact="blur")
        cam = lab.add(STREET, detector="truth", redact="pixelate")
        while not (shot := cam.snapshot()).boxes:
            pass
        raw, redacted = (detail(rgb, shot.boxes) for rgb in (shot.raw, shot.annotated))
        assert redacted < raw / 2
        cam.detector = "none"
        while (shot := cam.snapshot()).detections_pts is not None:
            pass
        assert np.median(np.abs(shot.annotated[40:].astype(int) - 93)) < 15, "grey"
