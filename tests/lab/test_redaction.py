"""How a notebook asks for redaction."""

from __future__ import annotations

import numpy as np
import pytest
import supervision as sv

from streamlab import Lab
from streamlab.detect.draw import BoxRenderer
from streamlab.detect.redact import Blur
from streamlab.detect.render import redacts
from streamlab.errors import InvalidRequestError, ModelError
from streamlab.lab.choices import as_redacting, as_renderer

STREET = "synthetic://traffic?width=320&height=180&fps=10&seed=3"


def test_what_is_given_as_redact_is_marked() -> None:
    blur = Blur()
    assert as_redacting(blur) is blur
    for wanted in (
        "pixelate",
        "blur",
        lambda rgb, _: rgb,
        sv.BlurAnnotator(),
        [sv.BlurAnnotator()],
    ):
        assert redacts(as_redacting(wanted))
    for plain in ("boxes", lambda rgb, _: rgb, sv.BlurAnnotator()):
        assert not redacts(as_renderer(plain))


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
        x1, y1, x2, y2 = (
            round(edge)
            for edge in max(shot.boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))[:4]
        )
        raw, redacted = (
            np.abs(np.diff(rgb[y1:y2, x1:x2].astype(int), axis=1)).mean()
            for rgb in (shot.raw, shot.annotated)
        )
        assert redacted < raw / 2
        cam.detector = "none"
        while (shot := cam.snapshot()).detections_pts is not None:
            pass
        assert np.median(np.abs(shot.annotated[40:].astype(int) - 93)) < 15, "grey"
