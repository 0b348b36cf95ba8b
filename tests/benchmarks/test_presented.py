"""What is made of the looks at a page."""

from __future__ import annotations

import pytest
from benchmarks.presented.seen import Change, Look, Picture, Seen, Shown, change, flow
from benchmarks.presented.switching import Run, changes

DRAW_MS = 1000 / 60
RAW, ANNOTATED, BOTH = (Shown(name, 640) for name in ("raw", "annotated", "raw+annotated"))


def picture(number: int | None, white: bool = False) -> Picture:
    return Picture("", number, white, 640)


def looks(*shown: tuple[Picture, ...], start_ms: float = 0.0) -> list[Look]:
    """One look per animation frame."""
    return [Look(start_ms + DRAW_MS * at, pictures) for at, pictures in enumerate(shown)]


def single(*numbers: int | None, white: bool = False) -> list[tuple[Picture, ...]]:
    return [(picture(number, white),) for number in numbers]


def test_a_steady_flow_has_nothing_wrong() -> None:
    seen = flow(looks(*single(1, 1, 2, 2, 3, 3)))
    assert (seen.frames, seen.skipped, seen.back, seen.blank) == (2, 0, 0, 0)


def test_skipped_frames_are_counted_each_and_by_cause() -> None:
    on_time = flow(looks(*single(1, 4)))
    assert (on_time.skipped, on_time.skipped_late) == (2, 0)
    late = flow([*looks(*single(1)), *looks(*single(4), start_ms=60)])
    assert (late.skipped, late.skipped_late) == (2, 2)


def test_steps_back_and_blanks_are_seen() -> None:
    seen = flow(looks(*single(5, None, 4), ()))
    assert (seen.back, seen.blank, seen.skipped) == (1, 2, 0)


def test_pictures_of_different_frames_are_no_picture() -> None:
    look = Look(0, (picture(1), picture(2, white=True)))
    assert look.number is None
    assert look.shown is None


def press(before: list[tuple[Picture, ...]], after: list[tuple[Picture, ...]]) -> Change:
    """The change after a press that falls right before the last look at the old picture."""
    target = Look(0, after[0]).shown
    assert target is not None
    found = change(looks(*before, *after), (len(before) - 1.5) * DRAW_MS, target)
    assert found is not None
    return found


def test_the_next_frame_is_exact() -> None:
    found = press(single(1, 1, 2, 2), single(3, 3, 4, white=True))
    assert found.exact
    assert found.ms == pytest.approx(1.5 * DRAW_MS)
    assert Run(1, [found]).wrong_frames == 0


@pytest.mark.parametrize(("first", "wrong"), [(2, 1), (1, 1), (5, 2)])
def test_repeating_going_back_and_skipping_are_not(first: int, wrong: int) -> None:
    found = press(single(1, 1, 2, 2), single(first, white=True))
    assert not found.exact
    assert Run(1, [found]).wrong_frames == wrong


def test_a_picture_that_stays_repeats_nothing() -> None:
    both: list[tuple[Picture, ...]] = [(picture(7), picture(7, white=True))]
    assert press(both, single(7)).exact
    assert not press(single(7), both).exact


def test_each_press_is_answered_before_the_next() -> None:
    shown = [*single(1, 1, 2), *single(3, 3, white=True), *single(4, 4)]
    presses_ms = [2.5 * DRAW_MS, 4.5 * DRAW_MS]
    found = changes(Seen(looks(*shown), presses_ms, 0.0), [ANNOTATED, RAW])
    assert [round(each.ms / DRAW_MS, 1) for each in found] == [0.5, 0.5]
    assert all(each.exact for each in found)


def test_a_press_without_effect_is_missing() -> None:
    found = changes(Seen(looks(*single(1, 2, 3)), [DRAW_MS], 0.0), [BOTH])
    assert found == []


def test_a_press_that_the_page_missed_is_told() -> None:
    with pytest.raises(RuntimeError, match="1 presses"):
        changes(Seen([], [], 0.0), [RAW])
