"""What crosses the seam as bytes: the same on the other side, and nothing else is taken."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.bus.events import Encoded, decode_events, decoder, encode_events, encoder
from streamlab.bus.high_water import HighWater
from streamlab.bus.replies import Refusal, decode
from streamlab.camera.frame import DetectionTimed, SourceChanged
from streamlab.camera.producer import HealthChanged, ProducerEvent, ReleaseBatch, SyncStateChanged
from streamlab.core.channels import ChannelKey, QualityLevel, SourceState, SyncState
from streamlab.core.events import Sync
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment, InitSegment
from streamlab.core.time.timebase import NS_PER_S, TIMESCALE
from streamlab.errors import LimitError, SourceError, SourceUnreachableError

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.integers(0, 1 << 62)
KEYS = st.builds(ChannelKey, st.sampled_from(["raw", "annotated"]), st.sampled_from(QualityLevel))
ROWS = st.lists(FLOATS | st.text(max_size=9) | st.none() | st.integers(0, 99), max_size=7)
BOXES = st.builds(
    Boxes, st.none() | TIMES, st.lists(ROWS, max_size=3), st.none() | TIMES, st.booleans()
)
FRAMES = st.builds(
    EncodedFrame, TIMES, TIMES, st.booleans(), TIMES, TIMES, FLOATS, TIMES, st.none() | BOXES
)
FRAGMENTS = st.builds(
    Fragment,
    KEYS,
    TIMES,
    st.text(max_size=12),
    st.lists(FRAMES, min_size=1, max_size=3).map(tuple),
    st.binary(max_size=99),
    st.binary(max_size=9),
    st.binary(max_size=9),
)
EVENTS = st.one_of(
    st.builds(ReleaseBatch, st.lists(FRAGMENTS, max_size=3), FLOATS),
    FRAGMENTS,
    st.builds(DetectionTimed, st.just("annotated"), TIMES, st.none() | TIMES),
    st.builds(InitSegment, KEYS, st.text(), TIMES, TIMES, FLOATS, st.binary()),
    st.builds(SourceChanged, st.sampled_from(SourceState), st.text(), st.none() | FLOATS),
    st.builds(HealthChanged, st.lists(st.text(max_size=9), max_size=3)),
    st.builds(SyncStateChanged, st.sampled_from(SyncState)),
    st.just(
        Sync(
            1.5, True, 2, SyncState.SYNCHRONIZED, "hold", 0.9, 20.0, 50.0,
            {"annotated": {"drift_ms": None, "fresh_fraction": 1.0, "state": SyncState.DEGRADED}},
        )
    ),
)  # fmt: skip


def _fields(value: object) -> object:
    """Return a value's fields, since fragments are only equal to themselves."""
    return msgspec.to_builtins(value)


@given(st.lists(EVENTS, max_size=4))
def test_events_are_the_same_on_the_other_side(events: list[ProducerEvent]) -> None:
    message = encoder.encode(encode_events(events))
    received = decode_events(decoder(Encoded).decode(message))
    assert [type(each) for each in received] == [type(each) for each in events]
    assert _fields(received) == _fields(events)


@given(st.binary(max_size=99))
def test_what_is_no_reply_is_refused(message: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, msgspec.ValidationError)):
        decode(message)


@pytest.mark.parametrize("number", [-1, 8, 10**9])
def test_an_event_that_there_is_not_is_refused(number: int) -> None:
    with pytest.raises(msgspec.ValidationError, match="no event"):
        decode_events([(number, msgspec.Raw(b"\xc0"))])


def test_errors_keep_their_class_and_hint() -> None:
    given_ = SourceUnreachableError("no answer", hint="Try again.")
    error = Refusal.of(given_).error()
    assert (type(error), str(error), error.hint) == (type(given_), "no answer", "Try again.")
    assert type(Refusal("LimitError", "full", "").error()) is LimitError
    assert type(Refusal("Settings", "odd", "").error()) is SourceError


@given(st.lists(FRAGMENTS, min_size=1, max_size=5), st.integers(0, 10 * NS_PER_S))
def test_a_camera_goes_on_behind_all_that_it_has_released(
    fragments: list[Fragment], elapsed_ns: int
) -> None:
    high_water = HighWater(1)
    assert high_water.next_pts(0) == 0
    high_water.receive_release(ReleaseBatch(fragments, 0.0))
    assert high_water.next_sequence > max(each.sequence for each in fragments)
    newest = max((each.frames[-1] for each in fragments), key=lambda frame: frame.pts)
    next_pts = high_water.next_pts(newest.captured_ns + elapsed_ns)
    assert next_pts > newest.pts
    assert abs(next_pts - newest.pts - elapsed_ns * TIMESCALE // NS_PER_S) <= 1
