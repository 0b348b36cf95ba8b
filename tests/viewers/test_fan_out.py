"""Readers that are written to together get what each would have taken alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.core.channels import ChannelKey, QualityLevel, SourceState, View
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.cursor import Cursor
from streamlab.core.stream.ring import Released, Ring
from streamlab.protocol.sse import Form
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers import fan_out as fan_out_module
from streamlab.viewers.fan_out import FIRST, FanOut, LiveGroup
from streamlab.viewers.reader import Reader
from tests.core.makers import ANNOTATED, RAW, VIEWS, fragment
from tests.core.viewers import parse
from tests.viewers.still_camera import StillCamera
from tests.viewers.virtual import VirtualTime

INLINE = Form()
CHANNEL = re.compile(rb'"channel":"([^"]*)"')
CONNECTION_ID = re.compile(rb'"connection_id":"[^"]*"')


class Listener:
    """A reader as the server's writer is: woken, it takes, writes, and falls in again.

    With ``room`` for so many events it stops there, in the middle of a write, until it is drained.
    """

    def __init__(
        self, reader: Reader, connection: Connection, *, alone: bool, room: int = 10**9
    ) -> None:
        self.reader = reader
        self.connection = connection
        self.written: list[bytes] = []
        self.writes_together = 0
        self._alone = alone
        self._room, self._left = room, room
        self._woken = True
        reader.listen(self._wake)

    def drain(self) -> None:
        self._left, self._woken = self._room, True
        self.go_on()

    def go_on(self) -> None:
        """Do what the server's task does when it has been woken."""
        while self._woken and self._left > 0:
            self._woken = False
            events = self.reader.take()
            self._woken = bool(events)
            self.written += events
            self._left -= len(events)
        if not self._woken and not self._alone:
            self.reader.join_live(self._write)

    def _wake(self) -> None:
        self._woken = True

    def _write(self, event: bytes) -> None:
        self.written.append(event)
        self.writes_together += 1
        self._left -= 1
        if self._left <= 0:
            self.reader.leave_live()
            self._woken = True


STEPS = st.lists(
    st.sampled_from(["capture", "capture", "capture", "size", "news", "detections", "drain"]),
    max_size=25,
)
WATCHED = st.lists(st.tuples(st.sampled_from(VIEWS), st.booleans()), min_size=1, max_size=3)


@settings(max_examples=40)
@given(STEPS, WATCHED, st.booleans(), st.integers(1, 6), st.sampled_from([1, 2, FIRST]))
def test_readers_in_step_are_sent_what_one_that_takes_is_sent(
    steps: list[str], views: list[tuple[View, bool]], tagged: bool, room: int, first: int
) -> None:
    async def scenario() -> None:
        camera, trios = StillCamera(), list[tuple[Listener, Listener, Listener]]()
        for view, by_url in views:
            alone = watch(camera, view, by_url, tagged, alone=True)
            together = watch(camera, view, by_url, tagged, alone=False)
            slow = watch(camera, view, by_url, tagged, alone=False, room=room)
            trios.append((alone, together, slow))
        listeners = [each for trio in trios for each in trio]
        for number, step in enumerate(steps):
            await act(camera, step, number)
            for each in listeners:
                each.drain() if step == "drain" else each.go_on()
        await camera.change_source(SourceState.ENDED)
        for each in listeners:
            while not each.reader.over:
                each.drain()
            each.reader.close()
        for alone, together, slow in trios:
            assert by_channel(together.written) == by_channel(alone.written)
            assert last_of_each_channel(slow.written) == last_of_each_channel(alone.written)
            assert alone.writes_together == 0
        assert camera.running.stream.connections == {}

    with patch.object(fan_out_module, "FIRST", first):
        VirtualTime().run(scenario)


def watch(
    camera: StillCamera, view: View, by_url: bool, tagged: bool, *, alone: bool, room: int = 10**9
) -> Listener:
    manager = ChannelSubscriptionManager(StreamChannelManager(Settings()))
    connection = manager.open(camera, view.channels)
    reader = manager.read([(camera, connection)], tagged=tagged, by_url=by_url)
    return Listener(reader, connection, alone=alone, room=room)


async def act(camera: StillCamera, step: str, number: int) -> None:
    if step == "capture":
        await camera.capture()
    elif step == "size":
        camera.still.encoders.restart()
    elif step == "news":
        await camera.change_source(SourceState.STALLED, str(number))
    elif step == "detections":
        for connection in camera.running.stream.connections.values():
            camera.running.stream.request_detections(connection, wanted=not connection.detections)
        camera.running.process_events()


def by_channel(written: list[bytes]) -> list[list[bytes]]:
    """The events of each channel in their order, without the ids that differ."""
    channels: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for event in b"".join(written).split(b"\n\n"):
        found = CHANNEL.search(event)
        channels[found[1] if found else b""].append(CONNECTION_ID.sub(b"", event))
    return [channels[name] for name in sorted(channels)]


def last_of_each_channel(events: list[bytes]) -> dict[str, int]:
    """The newest sequences; none may be missing that no ``gap`` speaks of."""
    newest: dict[str, int] = {}
    for event in parse(events):
        if event["event"] == "gap":
            newest[event["channel"]] = event["to_sequence"]
        elif event["event"] == "fragment":
            channel, sequence = event["channel"], event["sequence"]
            assert newest.get(channel, sequence - 1) == sequence - 1
            newest[channel] = sequence
    return newest


def test_a_live_fragment_is_written_without_a_look_at_the_connection() -> None:
    async def scenario() -> None:
        camera = StillCamera()
        listener = watch(camera, View.RAW, by_url=False, tagged=False, alone=False)
        listener.go_on()
        await camera.capture()
        listener.go_on()
        await camera.capture(5)
        assert listener.writes_together == 5

    VirtualTime().run(scenario)


# -- the fan_out by itself --------------------------------------------------------------


def released(number: int) -> Released:
    return Released(fragment(RAW, number), 1.0, number)


def at(sequence: int, init_id: str = "") -> Cursor:
    return Cursor(Ring(9), sequence, 0, init_id or fragment(RAW, 0).init_id)


def nothing() -> None:
    pass


def test_a_cohort_waits_for_one_fragment_only() -> None:
    group, written = LiveGroup(INLINE), list[bytes]()
    group.write(released(0))
    assert (written, group.written_ns) == ([], 0)
    assert group.suits(at(1))
    group.join(at(2), written.append)
    assert not group.suits(at(1))
    assert not group.suits(at(2, "another size"))
    assert [group.followed_by(released(number)) for number in (0, 1, 2)] == [False, True, False]
    group.write(released(1))
    assert len(written) == 1
    assert group.followed_by(released(2))


def test_who_leaves_goes_on_behind_what_was_written() -> None:
    group, cursor = LiveGroup(INLINE), at(2)
    written: list[bytes] = []
    group.join(cursor, written.append)
    group.write(released(1))
    assert cursor.next_sequence == 2, "a cursor stays while the group is written to"
    group.leave(written.append)
    group.leave(print)
    assert cursor.next_sequence == 3


def test_one_that_is_full_may_leave_while_it_is_written_to() -> None:
    group, cursors = LiveGroup(INLINE), (at(1), at(1))
    written: list[bytes] = []

    def full(event: bytes) -> None:
        group.leave(full)

    group.join(cursors[0], full)
    group.join(cursors[1], written.append)
    for number in range(3):
        group.write(released(number))
    assert len(written) == 3
    assert cursors[0].next_sequence == 2


def test_who_came_first_gets_all_of_a_release_before_a_crowd_that_came_later() -> None:
    fan_out, order = FanOut(), list[int]()

    def writer(number: int) -> Callable[[bytes], None]:
        return lambda _: order.append(number)

    for number in range(3 * FIRST):
        fan_out.join_live(nothing, writer(number), {RAW: at(1)}, INLINE)
    fan_out.release([released(0), released(1)])
    first, rest = list(range(FIRST)), list(range(FIRST, 3 * FIRST))
    assert order == [*first, *first, *rest]


def test_one_of_the_crowd_may_leave_before_it_has_been_written_to() -> None:
    fan_out, late, written = FanOut(), at(1), list[bytes]()
    early: dict[ChannelKey, Cursor] = {RAW: at(1)}

    def full(_: bytes) -> None:
        for group in groups:
            group.leave(written.append)

    with patch.object(fan_out_module, "FIRST", 1):
        fan_out.join_live(nothing, full, early, INLINE)
        groups = fan_out.join_live(nothing, written.append, {RAW: late}, INLINE)
        fan_out.release([released(0), released(1)])
        assert (len(written), late.next_sequence) == (0, 1), "it takes both by itself"
        fan_out.release([released(2)])
        assert [cursor.next_sequence for cursor in early.values()] == [1], "it is still a member"


def test_readers_who_have_not_come_so_far_are_told_to_take() -> None:
    fan_out, woken = FanOut(), list[str]()
    wakes: dict[str, Callable[[], None]] = {
        name: lambda name=name: woken.append(name)  # type: ignore[misc]
        for name in ("first", "second")
    }
    for wake in wakes.values():
        fan_out.add(wake)
    written: list[bytes] = []
    joined = fan_out.join_live(wakes["first"], written.append, {RAW: at(2)}, INLINE)
    assert len(joined) == 1
    assert fan_out.join_live(wakes["second"], print, {RAW: at(1)}, INLINE) == []
    fan_out.release([released(1)])
    assert (len(written), woken) == (1, ["second"])
    fan_out.leave_live(wakes["first"])
    fan_out.release([])
    assert sorted(woken) == ["first", "second", "second"]


def test_a_fragment_that_does_not_follow_puts_all_out_of_step() -> None:
    fan_out, woken = FanOut(), list[int]()

    def wake() -> None:
        woken.append(1)

    fan_out.add(wake)
    cursors = {RAW: at(2), ANNOTATED: at(7)}
    written: list[bytes] = []
    fan_out.join_live(wake, written.append, cursors, INLINE)
    fan_out.release([released(1), released(5), released(6)])
    assert (len(written), woken) == (1, [1])
    assert [cursor.next_sequence for cursor in cursors.values()] == [3, 7]
    fan_out.remove(wake)
    fan_out.notify_all()
    assert woken == [1]


def test_forms_and_encodings_have_cohorts_of_their_own() -> None:
    fan_out, inline, url = FanOut(), list[bytes](), list[bytes]()
    for written, form in ((inline, INLINE), (url, Form("/streams/still"))):
        fan_out.add(nothing)
        fan_out.join_live(nothing, written.append, {RAW: at(1)}, form)
    fan_out.release([released(0)])
    assert (b'"data"' in inline[0], b'"url"' in url[0]) == (True, True)
    low = Released(fragment(RAW._replace(quality=QualityLevel.LOW), 7), 1.0, 9)
    fan_out.release([low])
    assert (len(inline), len(url)) == (1, 1)
