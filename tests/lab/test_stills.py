"""The stills that views and plots leave in a notebook: what they show, and how large they are."""

from __future__ import annotations

import io
import random
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import numpy as np
import PIL.Image
import pytest

pytest.importorskip("anywidget")

from streamlab import Lab
from streamlab.lab import stills
from streamlab.lab.drift_still import DriftPoint, drift_svg
from streamlab.lab.shown_camera import ShownCamera
from streamlab.viewers.decoded_snapshot import MAX_JPEG_BYTES, jpeg

STREET = "synthetic://traffic?width=320&height=180&fps=10"
TALL = "synthetic://traffic?width=160&height=160&fps=10"
MAX_SVG_BYTES = 40_000
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(name="stills") as made:
        made.add(STREET, "street", detector="truth")
        made.add(TALL, "tall", detector="truth")
        yield made


def points(count: int, fps: float = 60) -> list[DriftPoint]:
    drifts_ms = random.Random(1)
    return [DriftPoint(index / fps, drifts_ms.gauss(5, 8)) for index in range(count)]


def paths(svg: str) -> list[str]:
    return [path.get("d", "") for path in ET.fromstring(svg).iter(f"{SVG}path")]


def words(svg: str) -> str:
    return ET.fromstring(svg).findtext(f"{SVG}title") or ""


def bundle(widget: Any) -> dict[str, Any]:
    """Return what a widget puts out; some give metadata as well."""
    made = widget._repr_mimebundle_()
    return dict(made[0] if isinstance(made, tuple) else made)


def size(data: bytes) -> tuple[int, int]:
    with PIL.Image.open(io.BytesIO(data)) as picture:
        return picture.size


def test_a_drift_plot_names_an_outlier_and_leaves_a_gap() -> None:
    measured = [point for point in points(600) if not 3 < point.time_s < 6]
    measured[10] = measured[10]._replace(drift_ms=900)
    svg = drift_svg(measured, 50, "street, <hybrid>")
    _, line, over = paths(svg)
    assert line.count("M") == 2
    assert over.count("M") == 1
    assert words(svg).startswith("street, <hybrid>: median ")
    assert words(svg).endswith(f"at most 900 ms, 1 of {len(measured)} beyond 50 ms")


def test_the_longest_drift_plot_is_small_and_keeps_its_peaks() -> None:
    measured = points(3600)
    measured[1234] = measured[1234]._replace(drift_ms=-800)
    svg = drift_svg(measured, 50, "street")
    assert len(svg) < MAX_SVG_BYTES
    assert paths(svg)[2].count("M") == 1


@pytest.mark.parametrize("measured", [[], [DriftPoint(3.0, 2.0)]])
def test_a_drift_plot_of_nearly_nothing_can_be_drawn(measured: list[DriftPoint]) -> None:
    svg = drift_svg(measured, 0.5, "street")
    assert ("nothing was measured" in words(svg)) == (not measured)


def test_pictures_of_any_sizes_stand_in_one_still_of_bounded_size() -> None:
    wide, tall = np.zeros((1080, 3848, 3), np.uint8), np.full((640, 360, 3), 200, np.uint8)
    still = stills.sheet([wide, tall, wide], columns=2)
    assert still.shape[1] <= stills.MAX_WIDTH_PX
    many = stills.sheet([tall] * 16, columns=1)
    assert many.shape[0] <= stills.MAX_HEIGHT_PX
    one = np.zeros((90, 160, 3), np.uint8)
    assert stills.sheet([one], columns=2).shape == one.shape, "nothing is made larger"


def test_a_still_that_compresses_badly_is_made_smaller() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1600, 1288, 3), np.uint8)
    data = jpeg(noise)
    assert len(data) <= MAX_JPEG_BYTES
    assert size(data)[0] < 1288


def test_every_view_leaves_a_still(lab: Lab) -> None:
    street = lab["street"]
    view = street.view()
    assert size(bundle(view)["image/jpeg"]) == (648, 180)
    assert view.still.startswith("data:image/jpeg;base64,")
    plot = street.drift_plot(20)
    assert "beyond 50 ms" in words(bundle(plot)["image/svg+xml"])
    assert plot.still.startswith("data:image/svg+xml;base64,")
    grid = bundle(lab.grid("raw"))
    assert size(grid["image/jpeg"]) == (2 * 320 + stills.GAP_PX, 320)
    for widget in (view, plot):
        widget.close()


def test_what_shows_nothing_leaves_no_still(monkeypatch: pytest.MonkeyPatch) -> None:
    with Lab(name="gone") as lab:
        cam = lab.add(STREET, "street", detector="none")
        view, plot = cam.view(), cam.drift_plot()
        grid = lab.grid()
    for widget in (view, plot, grid):
        assert not [kind for kind in bundle(widget) if kind.startswith("image/")]
    monkeypatch.setattr(ShownCamera, "closed", property(lambda _: False))
    assert stills.still_of([(view._cam, "both")]) is None, "it is closed while it is asked"
