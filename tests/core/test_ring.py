from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.mp4.fragment import Boxes
from streamlab.core.stream.cursor import Cursor
from streamlab.core.stream.ring import GOPS, Lost, Released, Ring
from tests.core.makers import ANNOTATED, RAW, fragment


def fill(ring: Ring, count: int, gop: int = 30) -> None:
    for number in range(count):
        ring.append(Released(fragment(RAW, number, gop=gop), 1.0, number))


@given(count=st.integers(0, 200), gop=st.integers(1, 50), bound=st.integers(1, 60))
def test_the_ring_holds_the_newest_and_never_more_than_its_bounds(
    count: int, gop: int, bound: int
) -> None:
    ring = Ring(bound)
    fill(ring, count, gop)
    assert len(ring) <= bound
    assert len(ring) + ring.dropped == count
    assert len(ring.keyframes) <= GOPS
    assert all(entry.fragment.keyframe for entry in ring.keyframes)
    if count:
        assert ring.newest is not None
        assert ring.newest.fragment.sequence == count
        held = [entry.fragment.sequence for entry in ring.since(ring.first_sequence)]
        assert held == list(range(count - len(ring) + 1, count + 1))


STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "append", "read", "clear"]), st.integers(1, 12)),
    max_size=50,
)


@given(STEPS, st.integers(1, 15), st.integers(1, 15), st.integers(1, 20))
def test_a_reader_of_any_pace_gets_all_or_a_gap_that_ends_at_a_keyframe(
    steps: list[tuple[str, int]], gop: int, max_lag: int, bound: int
) -> None:
    ring, made = Ring(bound), 0
    cursor: Cursor | None = None
    for verb, count in steps:
        if verb == "append":
            for number in range(made, made + count):
                # The first after a stop is a keyframe, as any encoder's first.
                key = fragment(RAW, 0 if not ring else number, gop=gop).frames
                ring.append(Released(replace(fragment(RAW, number), frames=key), 1.0, number))
            made += count
        elif verb == "clear":
            ring.clear()
        elif cursor is None:
            for entry in ring.keyframes[-1:]:
                cursor = Cursor(ring, entry.fragment.sequence, made)
        else:
            check_read(ring, cursor, max_lag)


def check_read(ring: Ring, cursor: Cursor, max_lag: int) -> None:
    wanted = cursor.next_sequence
    lost = ring.behind(wanted, max_lag)
    held = ring.holds(wanted) and ring.next_sequence - wanted <= max_lag
    if lost is not None:
        assert not held, "what is held and not far is read"
        assert (lost.from_sequence, lost.to_sequence >= wanted) == (wanted, True)
        cursor.next_sequence = wanted = lost.to_sequence + 1
    read = [entry.fragment for entry in cursor.advance()]
    assert [each.sequence for each in read] == list(range(wanted, wanted + len(read)))
    if lost is not None:
        assert read[0].keyframe
    if read or held:
        assert cursor.next_sequence == ring.next_sequence, "all is read"
    elif ring.keyframes:
        assert ring.next_sequence == wanted, "a reader waits for a keyframe only"


def test_a_reader_that_fell_off_waits_for_a_keyframe() -> None:
    ring = Ring(5)
    fill(ring, 8, gop=100)
    assert ring.keyframes == []
    cursor = Cursor(ring, 2, cached_to=0)
    assert (ring.behind(2, 1000), cursor.advance()) == (None, [])
    ring.append(Released(fragment(RAW, 8, gop=8), 1.0, 8))
    assert ring.behind(2, 1000) == Lost(2, 8)


def test_a_ring_knows_what_was_released_after_another_channels_fragment() -> None:
    ring = Ring(3)
    for number in range(5):
        ring.append(Released(fragment(RAW, number, gop=1000), 1.0, 10 * number))
    assert (ring.first_sequence, ring.dropped_order) == (3, 10)
    assert [ring.next_after(order) for order in (9, 10, 25, 40)] == [None, 3, 4, 6]
    ring.clear()
    ring.clear()
    assert (ring.dropped_order, ring.next_after(40)) == (40, None)


def test_only_what_is_held_is_given_out() -> None:
    ring = Ring(3)
    assert ring.get(1) is None
    fill(ring, 5)
    assert [sequence for sequence in range(8) if ring.get(sequence)] == [3, 4, 5]
    assert [sequence for sequence in range(8) if ring.holds(sequence)] == [3, 4, 5, 6]


def test_a_ring_that_was_cleared_lets_nobody_join() -> None:
    ring = Ring(10)
    fill(ring, 3)
    ring.clear()
    assert (len(ring), ring.keyframes, ring.newest) == (0, [], None)


def test_a_ring_holds_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Ring(0)


def test_what_was_cached_before_redaction_began_is_dropped() -> None:
    shown, hidden = (fragment(ANNOTATED, number) for number in (0, 1))
    boxes = Boxes(None, [], redacted=True)
    hidden.frames = tuple(frame._replace(boxes=boxes) for frame in hidden.frames)
    ring = Ring(10)
    ring.append(Released(shown, 1.0, 0))
    ring.append(Released(hidden, 1.0, 1))
    assert (next(ring.since(2)).fragment, len(ring)) == (hidden, 1)
    assert (ring.hole_end, ring.dropped_order) == (0, 0)
    ring.append(Released(fragment(ANNOTATED, 2), 1.0, 2))
    assert len(ring) == 2, "redaction has ended"
    ring.append(Released(fragment(ANNOTATED, 4), 1.0, 3))
    assert (len(ring), ring.hole_end) == (1, 5), "a sequence is missing"
