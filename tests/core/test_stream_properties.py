"""Any interleaving of encoders, viewers and time: what every viewer may rely on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from streamlab.core.channels import ChannelType, QualityLevel, SourceState, View
from streamlab.core.events import SourceStateChanged
from streamlab.core.mp4.fragment import Fragment
from streamlab.core.stream.connection import (
    Connection,
)
from streamlab.core.stream.cursor import ResumePoint
from streamlab.core.stream.dual_channel import MAX_INITS, DualChannelStream
from tests.core.makers import MS_NS, VIEWS
from tests.core.viewers import Encoders, Viewer, drain

LINGER_NS = 500 * MS_NS
TIMEOUT_NS = 100 * MS_NS
MAX_FRAGMENTS = 12
CHOSEN = st.sampled_from(VIEWS)
CHANNELS = st.sampled_from(list(ChannelType))
QUALITIES = st.sampled_from([QualityLevel.LOW, QualityLevel.MEDIUM])


class Watched(RuleBasedStateMachine):
    """One camera and its viewers. Its viewers themselves check what they are sent."""

    viewers = Bundle("viewers")
    left = Bundle("left")

    @initialize(gop=st.integers(2, 2 * MAX_FRAGMENTS))
    def begin(self, gop: int) -> None:
        self.now_ns = self.opened = self.requested = 0
        self.open_viewers: list[Viewer] = []
        self.encoders = Encoders(gop)
        self.start_server()

    def start_server(self) -> None:
        self.stream = DualChannelStream("cam-1", max_fragments=MAX_FRAGMENTS, linger_ns=LINGER_NS)

    def settle(self) -> None:
        events = drain(self.stream)
        self.encoders.receive(events)

    def connect(
        self,
        channels: Iterable[str],
        qualities: Mapping[str, QualityLevel],
        last_id: str = "",
    ) -> Connection:
        self.opened += 1
        resume = ResumePoint.parse(last_id)
        connection = Connection(str(self.opened), channels, qualities, resume=resume)
        self.stream.receive_connection(connection, self.now_ns)
        self.settle()
        return connection

    # -- the camera ----------------------------------------------------------------------

    @rule(count=st.integers(1, 9))
    def capture(self, count: int) -> None:
        for _ in range(count):
            self.encoders.capture()

    @rule(channel=CHANNELS, count=st.integers(1, 9))
    def deliver(self, channel: ChannelType, count: int) -> None:
        made = self.encoders.made[channel]
        for _ in range(min(count, len(made))):
            item = made.popleft()
            if isinstance(item, Fragment):
                self.stream.receive_release([item], self.now_ns, 1000.0)
            else:
                self.stream.receive_init(item)
            self.settle()

    @rule(count=st.integers(1, 9))
    def run(self, count: int) -> None:
        self.capture(count)
        for channel in ChannelType:
            self.deliver(channel, 2 * count)

    @rule(channel=CHANNELS, count=st.integers(1, 9))
    def lose(self, channel: ChannelType, count: int) -> None:
        self.encoders.lose(channel, count)

    @rule()
    def change_size(self) -> None:
        self.encoders.restart()

    @rule(wait_ms=st.sampled_from([10, 100, 600]))
    def wait(self, wait_ms: int) -> None:
        self.now_ns += wait_ms * MS_NS
        self.stream.handle_timer(self.now_ns)
        self.settle()
        due_ns = self.stream.get_timer()
        assert due_ns is None or due_ns > self.now_ns

    @rule()
    def report(self) -> None:
        self.stream.post(SourceStateChanged(SourceState.LIVE, ""))

    # -- the viewers ---------------------------------------------------------------------

    @rule(target=viewers, view=CHOSEN, quality=QUALITIES, max_lag=st.integers(1, 12))
    def open(self, view: View, quality: QualityLevel, max_lag: int) -> Viewer:
        connection = self.connect(view.channels, dict.fromkeys(ChannelType, quality))
        self.open_viewers.append(Viewer(connection, max_lag, self.encoders.lost))
        return self.open_viewers[-1]

    @rule(target=viewers, before=consumes(left))
    def resume(self, before: Viewer) -> Viewer:
        self.reconnect(before)
        self.open_viewers.append(before)
        return before

    def reconnect(self, viewer: Viewer) -> None:
        before = viewer.connection
        viewer.connect(self.connect(before.channels, before.qualities, viewer.last_id))

    @rule()
    def restart_server(self) -> None:
        self.requested = 0
        self.encoders.restart_server()
        self.start_server()
        for viewer in self.open_viewers:
            self.reconnect(viewer)

    @rule(viewer=viewers)
    def read(self, viewer: Viewer) -> None:
        viewer.read(self.stream)
        assert viewer.connection.take(self.stream.rings, self.stream.inits, 1000) == []

    @rule(viewer=viewers, channel=CHANNELS, quality=st.none() | QUALITIES)
    def subscribe(self, viewer: Viewer, channel: str, quality: QualityLevel | None) -> None:
        before, connection = viewer.encodings, viewer.connection
        channels = {*connection.channels, channel}
        qualities: dict[str, QualityLevel] = {} if quality is None else {channel: quality}
        self.stream.request_channels(connection, channels, qualities, self.now_ns)
        viewer.change(before)
        self.settle()

    @rule(viewer=viewers, channel=CHANNELS)
    def unsubscribe(self, viewer: Viewer, channel: ChannelType) -> None:
        before, connection = viewer.encodings, viewer.connection
        channels = set(connection.channels) - {channel}
        self.stream.request_channels(connection, channels, {}, self.now_ns)
        viewer.change(before)
        self.settle()

    @rule(viewer=viewers, wanted=st.booleans())
    def detections(self, viewer: Viewer, wanted: bool) -> None:
        self.stream.request_detections(viewer.connection, wanted=wanted)

    @rule(viewer=viewers, view=CHOSEN, quality=st.none() | QUALITIES)
    def switch(self, viewer: Viewer, view: View, quality: QualityLevel | None) -> None:
        self.requested += 1
        qualities = dict.fromkeys(view.channels, quality) if quality else {}
        self.stream.request_switch(
            viewer.connection, view, qualities, now_ns=self.now_ns, timeout_ns=TIMEOUT_NS
        )
        self.settle()

    @rule(target=left, viewer=consumes(viewers))
    def close(self, viewer: Viewer) -> Viewer:
        self.open_viewers.remove(viewer)
        self.stream.remove_connection(viewer.connection.connection_id, self.now_ns)
        self.settle()
        return viewer

    # -- what holds always ---------------------------------------------------------------

    @invariant()
    def promises_hold(self) -> None:
        stream, connections = self.stream, [viewer.connection for viewer in self.open_viewers]
        assert all(len(ring) <= MAX_FRAGMENTS for ring in stream.rings.values())
        assert len(stream.inits) <= MAX_INITS
        for connection in connections:
            assert set(connection.warm_encodings) <= self.encoders.wanted
            if connection.live_cursors():
                assert connection.take(stream.rings, stream.inits, 1) == []
        ended = ("switches", "switch_timeouts", "switches_superseded")
        done = sum(stream.counts[each] for each in ended)
        assert self.requested == done + len(stream._pending)

    def teardown(self) -> None:
        for viewer in self.open_viewers:
            viewer.read(self.stream)
            self.stream.remove_connection(viewer.connection.connection_id, self.now_ns)
        self.settle()
        self.stream.handle_timer(self.now_ns + LINGER_NS)
        self.settle()
        assert self.encoders.wanted == frozenset(), "nobody is there to encode for"


Watched.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWatched = Watched.TestCase
