from __future__ import annotations

from contextlib import closing

import pytest

from streamlab.core.truth_strip import CELLS, cell_bounds_px, strip_height_px, strip_number
from streamlab.errors import SourceError
from streamlab.media.opening import SOURCES, open_source
from streamlab.media.picture import plane_view
from streamlab.media.spec import SourceKind, SourceSpec


def test_every_kind_has_an_opener() -> None:
    assert all(SOURCES.is_own(kind) for kind in set(SourceKind) - {SourceKind.UNKNOWN})


def check_street(width: int, height: int) -> None:
    spec = SourceSpec.parse(f"synthetic://traffic?width={width}&height={height}")
    with closing(open_source(spec)) as source:
        item = next(source.frames())
    assert (source.info.width, source.info.height) == (width, height)
    luma = plane_view(item.frame.planes[0])
    assert luma.shape == (height, width)
    rows = luma[: strip_height_px(height)]
    cells = (slice(*cell_bounds_px(cell, width)) for cell in range(CELLS))
    assert strip_number([float(rows[:, cell].mean()) for cell in cells]) == 0


@pytest.mark.parametrize(
    ("width", "height"), [(160, 90), (3840, 480), (270, 2160), (1920, 1080), (3840, 2160)]
)
def test_a_street_of_every_size_that_its_address_allows_is_drawn(width: int, height: int) -> None:
    check_street(width, height)


@pytest.mark.parametrize(
    ("size", "name"),
    [
        ("width=3842&height=2160", "width is '3842'"),
        ("width=3840&height=2162", "height is '2162'"),
        ("width=158&height=90", "width is '158'"),
        ("width=3839&height=2160", "width is '3839'"),
    ],
)
def test_a_street_of_another_size_is_refused_with_the_limits(size: str, name: str) -> None:
    with pytest.raises(SourceError, match=name) as caught:
        SourceSpec.parse(f"synthetic://traffic?{size}")
    assert "160 to 3840" in caught.value.hint or "90 to 2160" in caught.value.hint
