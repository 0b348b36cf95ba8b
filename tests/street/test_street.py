from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamlab.core.truth_strip import (
    BLACK_LUMA,
    CELLS,
    WHITE_LUMA,
    cell_bounds_px,
    strip_height_px,
    strip_number,
)
from streamlab.street.fleet import lanes
from streamlab.street.look import CAMERA_HEIGHTS_M, Light, Look, Weather
from streamlab.street.scene import Street, TruthBox
from streamlab.street.traffic import Lane

LOOKS = [
    *(Look(light=light) for light in ("day", "overcast", "dusk", "night")),
    *(Look(weather=weather) for weather in ("rain", "fog", "snow")),
    Look(light="night", weather="rain"),
]
SIZES = [(160, 90), (162, 92), (640, 360), (854, 480), (320, 240), (270, 480), (1920, 90)]
LANES = lanes(lights=False)
NUMBERS = st.integers(0, 1 << 25)


@cache
def street(width: int = 320, height: int = 180, look: Look | None = None, seed: int = 1) -> Street:
    return Street(width, height, look=look or Look(), seed=seed)


def luma_of(of: Street, number: int) -> NDArray[np.int16]:
    return of.draw(number)[: of.height].astype(np.int16)


def chroma(of: Street, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image[of.height :].reshape(2, of.height // 2, of.width // 2)


def cell_lumas(of: Street, image: NDArray[np.uint8]) -> list[float]:
    rows = image[: strip_height_px(of.height)]
    cells = (slice(*cell_bounds_px(cell, of.width)) for cell in range(CELLS))
    return [float(rows[:, cell].mean()) for cell in cells]


@settings(max_examples=60, deadline=None)
@given(NUMBERS)
def test_strip_reads_back(number: int) -> None:
    image = street().draw(number)
    assert set(cell_lumas(street(), image)) <= {BLACK_LUMA, WHITE_LUMA}
    assert strip_number(cell_lumas(street(), image)) == number % (1 << 24)


@pytest.mark.parametrize("size", SIZES)
def test_every_size(size: tuple[int, int]) -> None:
    of = street(*size)
    width, height = size
    image = of.draw(12_345)
    strip = strip_height_px(height)
    right = cell_bounds_px(0, width)[1]
    assert image.shape == (height * 3 // 2, width)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert strip_number(cell_lumas(of, image)) == 12_345
    assert (image[strip : 2 * strip, :right] == BLACK_LUMA).all()
    planes = chroma(of, image)
    assert (planes[:, : (strip + 1) // 2] == 128).all()
    assert (planes[:, :strip, : (right + 1) // 2] == 128).all()
    check_boxes(of, of.truth(12_345))


def check_boxes(of: Street, boxes: list[TruthBox]) -> None:
    floor = 2 * strip_height_px(of.height)
    for box in boxes:
        assert 0 <= box.x1 <= box.x2 - 6 <= of.width - 6
        assert floor <= box.y1 <= box.y2 - 6 <= of.height - 6
        assert 0.25 <= box.visible_fraction <= 1
        assert box.class_name in Street.CLASS_NAMES
    identities = [box.track_id for box in boxes]
    assert len(identities) == len(set(identities))
    assert all(identity > 0 for identity in identities)


@settings(max_examples=60, deadline=None)
@given(NUMBERS)
def test_boxes_are_in_the_picture(number: int) -> None:
    check_boxes(street(), street().truth(number))


@pytest.mark.parametrize("look", LOOKS[::4], ids=lambda look: f"{look.light}-{look.weather}")
def test_same_arguments_same_bytes(look: Look) -> None:
    first, second = Street(320, 180, look=look), Street(320, 180, look=look)
    forwards = [first.draw(number) for number in (0, 1, 500, 1 << 24)]
    backwards = [second.draw(number) for number in (1 << 24, 500, 1, 0)]
    for one, other in zip(forwards, reversed(backwards), strict=True):
        assert np.array_equal(one, other)
    assert first.truth(500) == second.truth(500)


def test_each_picture_is_a_new_array() -> None:
    first = street().draw(7)
    first[:] = 0
    assert street().draw(7).any()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.light}-{look.weather}")
def test_looks(look: Look) -> None:
    of = street(look=look)
    image = of.draw(900)
    assert strip_number(cell_lumas(of, image)) == 900
    assert image.min() >= 16
    assert image[: of.height].max() <= 235
    assert image[of.height :].max() <= 240
    assert of.truth(900) == street().truth(900)
    if look != Look():
        difference = luma_of(of, 900) - luma_of(street(), 900)
        assert np.abs(difference).mean() > 4


def test_night_is_darker_than_dusk_than_day() -> None:
    lights: tuple[Light, ...] = ("night", "dusk", "day")
    means = [luma_of(street(look=Look(light=light)), 0).mean() for light in lights]
    assert means == sorted(means)


@pytest.mark.parametrize("weather", ["rain", "snow"])
def test_something_falls(weather: Weather) -> None:
    of = street(look=Look(weather=weather, density=0))
    moved = np.abs(luma_of(of, 11) - luma_of(of, 10))[2 * strip_height_px(of.height) :]
    assert (moved > 3).mean() > 0.001


@pytest.mark.parametrize("height_m", CAMERA_HEIGHTS_M)
def test_camera_height_moves_the_traffic(height_m: float) -> None:
    of = street(look=Look(camera_height_m=height_m))
    boxes = of.truth(300)
    check_boxes(of, boxes)
    assert [box.y2 for box in boxes] != [box.y2 for box in street().truth(300)]


def test_density() -> None:
    def count(density: float) -> int:
        of = street(look=Look(density=density))
        return sum(len(of.truth(number)) for number in range(0, 3000, 300))

    assert count(0) == 0 < count(0.3) < count(1)


def test_seed_changes_the_street() -> None:
    assert not np.array_equal(street().draw(0), street(seed=2).draw(0))
    assert street().truth(0) != street(seed=2).truth(0)


def apart(box: TruthBox, boxes: list[TruthBox], margin_px: float = 12) -> bool:
    return all(
        other is box
        or other.x1 > box.x2 + margin_px
        or other.x2 < box.x1 - margin_px
        or other.y1 > box.y2 + margin_px
        or other.y2 < box.y1 - margin_px
        for other in boxes
    )


Changes = NDArray[np.bool_]


def changes(of: Street, number: int) -> tuple[Changes, Changes]:
    """Return where the frame differs from the empty street: at all, and in its luma."""
    empty, busy = street(of.width, of.height, Look(density=0)).draw(number), of.draw(number)
    pictures = [cv2.cvtColor(image, cv2.COLOR_YUV2BGR_I420) for image in (empty, busy)]
    colour = cv2.absdiff(*pictures).max(axis=2) > 8
    return colour, cv2.absdiff(empty, busy)[: of.height] > 8


def lone_boxes(of: Street) -> Iterator[tuple[int, TruthBox]]:
    """Yield frame numbers and boxes of whole objects with nobody near."""
    for number in range(0, 6000, 150):
        boxes = of.truth(number)
        for box in boxes:
            inside = box.x1 > 8 and box.x2 < of.width - 8
            if inside and box.visible_fraction == 1 and apart(box, boxes):
                yield number, box


def test_boxes_are_tight() -> None:
    of = street(640, 360, Look(density=0.3))
    seen = set()
    for number, box in lone_boxes(of):
        seen.add(box.class_name)
        x1, y1, x2, y2 = map(int, (box.x1, box.y1, box.x2, box.y2))
        colour, luma = changes(of, number)
        # Two px at each edge: the outermost may look like what it hides.
        assert colour[y1 : y1 + 2, x1:x2].any()
        assert colour[y2 - 2 : y2, x1:x2].any()
        assert colour[y1:y2, x1 : x1 + 2].any()
        assert colour[y1:y2, x2 - 2 : x2].any()
        # One px around it may be covered by less than half; the shadow lies on the ground.
        above_shadow = (y1 + y2) // 2
        assert not luma[y1 - 6 : y1 - 1, x1:x2].any()
        assert not luma[y1:above_shadow, x1 - 6 : x1 - 1].any()
        assert not luma[y1:above_shadow, x2 + 1 : x2 + 6].any()
    assert {"car", "person"} <= seen


def test_hidden_things_are_left_out() -> None:
    fractions = [
        box.visible_fraction for number in range(0, 1500, 50) for box in street().truth(number)
    ]
    assert min(fractions) < 0.6
    assert max(fractions) == 1


def test_all_classes_come_by() -> None:
    seen = {box.class_name for number in range(0, 9000, 90) for box in street().truth(number)}
    assert seen == set(Street.CLASS_NAMES)


@settings(max_examples=150, deadline=None)
@given(
    st.floats(0, 1e6),
    st.integers(0, 1 << 32),
    st.sampled_from(LANES),
    st.floats(5, 300),
)
def test_travellers_of_a_lane_never_touch(
    time_s: float, seed: int, lane: Lane, half_width_m: float
) -> None:
    spans = sorted(
        (x.x_m - lane.models[x.model].length_m / 2, x.x_m + lane.models[x.model].length_m / 2)
        for x in lane.travellers(time_s, half_width_m, seed=seed, density=1.0)
    )
    assert spans
    assert all(left[1] < right[0] for left, right in pairwise(spans))


def test_tracks_are_stable() -> None:
    """From frame to frame a track keeps its class and way, and starts and ends at the edges."""
    of = street(640, 360, Look(density=0.35))
    before: dict[int, TruthBox] = {}
    directions: dict[int, set[bool]] = {}
    for number in range(1 << 24, (1 << 24) + 240):
        now = {box.track_id: box for box in of.truth(number)}
        for identity in now.keys() & before.keys():
            one, other = before[identity], now[identity]
            assert one.class_name == other.class_name
            if one.visible_fraction == other.visible_fraction == 1:
                moved = (other.x1 + other.x2) - (one.x1 + one.x2)
                assert abs(moved) < 60
                if other.class_name != "person":
                    directions.setdefault(identity, set()).add(moved > 0)
        for identity in now.keys() - before.keys():
            box = now[identity]
            if before and box.visible_fraction > 0.5 and apart(box, list(now.values()), 30):
                assert box.x1 < 60 or box.x2 > 580
        before = now
    assert directions
    assert all(len(ways) == 1 for ways in directions.values())


def test_speed_is_per_second_not_per_frame() -> None:
    slow = Street(320, 180, fps=Fraction(15))
    odd = Street(320, 180, fps=Fraction(30_000, 1001))
    assert slow.truth(450) == street().truth(900)
    assert odd.truth(30_000) == street().truth(30_030)


@pytest.mark.long
def test_the_largest_size() -> None:
    large, small = Street(3840, 2160), street()
    assert large.draw(100).shape == (3240, 3840)
    assert {box.track_id for box in small.truth(100)} <= {box.track_id for box in large.truth(100)}


@pytest.mark.parametrize(
    "size", [(641, 360), (640, 361), (158, 90), (160, 88), (3842, 1080), (1920, 2162)]
)
def test_sizes_that_cannot_be(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"must be even and \d+ to \d+ px"):
        Street(*size)


def test_other_values_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="fps must be more than 0"):
        Street(fps=Fraction(0))
    with pytest.raises(ValueError, match="0 or more, got -1"):
        street().draw(-1)
    with pytest.raises(ValueError, match=r"camera_height_m must be 5\.0 to 9\.0"):
        Look(camera_height_m=3)
    with pytest.raises(ValueError, match="density must be 0 to 1"):
        Look(density=1.5)
    with pytest.raises(ValueError, match="light must be one of"):
        Look(light="noon")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="weather must be one of"):
        Look(weather="hail")  # type: ignore[arg-type]
