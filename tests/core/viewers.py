"""A camera's encoders and its viewers on virtual time, for the tests of a stream.

The encoders start at a keyframe, as the real ones do; each viewer reads its events as a client
does, and checks what the wire protocol promises about them.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Set
from typing import Any

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, View
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment, InitSegment
from streamlab.core.stream.connection import Connection, Delivered
from streamlab.core.stream.cursor import ResumePoint
from streamlab.core.stream.dual_channel import DualChannelStream
from streamlab.core.stream.events import EncodersWanted, StreamEvent
from streamlab.core.stream.ring import Ring
from streamlab.protocol.fragment import serialise
from streamlab.protocol.sse import EventEncoder, Form
from tests.core.makers import FRAME, MS_NS

Event = dict[str, Any]
FRAME_NS = 33 * MS_NS


def drain(stream: DualChannelStream) -> list[StreamEvent]:
    events = []
    while (event := stream.next_event()) is not None:
        events.append(event)
    return events


def wire(items: Iterable[Delivered]) -> list[bytes]:
    """The events as the server sends them."""
    encoder = EventEncoder()
    return [encoder.encode(item, Form()) for item in items]


def parse(events: list[bytes]) -> list[Event]:
    """The events by name, without ``sync``."""
    parsed = []
    for block in b"".join(events).decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        parsed.append({"event": fields["event"], **json.loads(fields["data"])})
    return [event for event in parsed if event["event"] != "sync"]


class Encoders:
    """Those that a stream wants; what they make waits until it is delivered."""

    def __init__(self, gop: int) -> None:
        self.wanted: frozenset[ChannelKey] = frozenset()
        self.made: defaultdict[str, deque[Fragment | InitSegment]] = defaultdict(deque)
        self.lost: set[tuple[ChannelKey, int]] = set()
        self._gop = gop
        self._number = 0
        self._inits: dict[ChannelKey, InitSegment] = {}
        self._starts = 0
        self._sequences: dict[ChannelKey, int] = {}

    def want(self, keys: frozenset[ChannelKey]) -> None:
        """Run these encoders and no others."""
        self.wanted = keys
        self._inits = {key: init for key, init in self._inits.items() if key in keys}

    def receive(self, events: list[StreamEvent]) -> None:
        for event in events:
            if isinstance(event, EncodersWanted):
                self.want(event.keys)

    def restart(self) -> None:
        """The picture's size changes: each begins anew, with another init segment."""
        self._inits.clear()

    def restart_server(self) -> None:
        """What was made is gone, and the sequences go on later."""
        self.made.clear()
        self.want(frozenset())
        self._sequences = {key: last + 1000 for key, last in self._sequences.items()}

    def lose(self, channel: str, count: int) -> None:
        """Lose the next fragments of this channel, as a stage that begins anew does."""
        made = self.made[channel]
        gone = [item for item in made if isinstance(item, Fragment)][:count]
        for fragment in gone:
            made.remove(fragment)
            self.lost.add((fragment.key, fragment.sequence))

    def capture(self) -> None:
        """Encode the next frame; it is a keyframe when its GOP is over, or an encoder is cold."""
        cold = any(key not in self._inits for key in self.wanted)
        keyframe = cold or self._number % self._gop == 0
        for key in sorted(self.wanted):
            self._encode(key, keyframe)
        self._number += 1

    def _encode(self, key: ChannelKey, keyframe: bool) -> None:
        made, pts = self.made[key.channel], self._number * FRAME
        if key not in self._inits:
            self._starts += 1
            data = f"{key} {self._starts}".encode()
            self._inits[key] = InitSegment(key, "avc1.42c01e", 640, 360, 30.0, data)
            made.append(self._inits[key])
        self._sequences[key] = sequence = self._sequences.get(key, 0) + 1
        boxes = None if key.channel == ChannelType.RAW else Boxes(pts, [])
        frame = EncodedFrame(pts, FRAME, keyframe, 0, 0, 1000.0, 0, boxes)
        fragment = Fragment(key, sequence, self._inits[key].init_id, (frame,), b"")
        serialise(fragment)
        made.append(fragment)


class Viewer:
    """Reads one connection as a client does."""

    def __init__(
        self, connection: Connection, max_lag: int, lost: Set[tuple[ChannelKey, int]] = frozenset()
    ) -> None:
        self.last_id = ""
        self.max_lag = max_lag
        self._lost = lost  # before they came to the server
        self.connect(connection)

    def connect(self, connection: Connection) -> None:
        """Read this connection from now on, which was opened with ``last_id``."""
        self.connection = connection
        self._point = ResumePoint.parse(self.last_id)
        self._started: set[ChannelKey] = set()  # those that went on there, or had a gap
        self._expected: dict[ChannelKey, int] = {}  # the next sequence that it is owed
        if self._point is not None and self._point.key in self.encodings:
            self._expected[self._point.key] = self._point.sequence + 1
        self._slow_gaps = 0
        self._anew: set[ChannelKey] = set()  # those that may also begin at any keyframe
        self._after_gap: set[ChannelKey] = set()  # those that go on with a keyframe
        self._told: set[str] = set()  # the channels that the last switch named
        self._left: dict[ChannelKey, int] = {}  # not sent any more, but for what precedes a switch
        self._is_owed_switch = False
        self._inits: dict[str, tuple[str, str]] = {}
        self._boxes_pts = -1
        self._rings: Mapping[ChannelKey, Ring] = {}

    @property
    def encodings(self) -> set[ChannelKey]:
        return set(self.connection.encodings)

    def forget(self, keys: Iterable[ChannelKey]) -> None:
        """Take these from a keyframe on when they are sent again."""
        for key in list(keys):
            self._expected.pop(key, None)
            self._anew.discard(key)
            self._after_gap.discard(key)

    def change(self, before: set[ChannelKey]) -> None:
        """Its channels have changed: what is new joins.

        It may be owed something from before the last switch.
        """
        gone, new = before - self.encodings, self.encodings - before
        self._left |= {key: self._expected[key] for key in gone & self._expected.keys()}
        self.forget(gone)
        self._expected |= {key: self._left.pop(key) for key in new & self._left.keys()}
        self._anew |= self._expected.keys() & new

    def read(self, stream: DualChannelStream) -> list[Event]:
        events = parse(wire(self.connection.take(stream.rings, stream.inits, self.max_lag)))
        receive = {
            "init": self._receive_init,
            "switched": self._receive_switched,
            "gap": self._receive_gap,
            "detections": self._receive_detections,
            "fragment": self._receive_fragment,
        }
        self._rings = stream.rings
        for event in events:
            if event["event"] != "source":
                receive[event["event"]](event)
        assert not self._is_owed_switch
        assert self._slow_gaps == self.connection.gaps
        self._left.clear()
        for key in self.encodings & stream.rings.keys():
            if stream.rings[key].keyframes:
                assert self._expected[key] == stream.rings[key].next_sequence, "all is read"
        return events

    def _receive_init(self, event: Event) -> None:
        self._inits[event["channel"]] = (event["quality"], event["init_id"])

    def _receive_switched(self, event: Event) -> None:
        for key in (self._expected.keys() & self._rings.keys()) - self._anew:
            ring, expected = self._rings[key], self._expected[key]
            missing = ring.get(expected)
            assert missing is None or missing.fragment.pts >= event["at_pts"], "a frame is lost"
        self.forget(self._expected)
        self._point = None
        self._told = set(View(event["channel"]).channels)
        self._left.clear()
        self._is_owed_switch = False

    def _receive_gap(self, event: Event) -> None:
        key = ChannelKey(ChannelType(event["channel"]), QualityLevel(event["quality"]))
        first, last = event["from_sequence"], event["to_sequence"]
        if event["reason"] == "resume_expired":
            assert self._point is not None, "it was not connected before"
            assert key not in self._started, "told twice, or after a fragment"
            self._started.add(key)
            assert first is None or key == self._point.key
        self._slow_gaps += event["reason"] == "slow_client"
        if first is None or last is None:
            assert (first, last, event["reason"]) == (None, None, "resume_expired")
            self.forget([key])  # a keyframe follows, wherever it is
            return
        assert first <= last
        assert first == self._expected.get(key, first)
        if event["reason"] == "source":
            assert any((key, sequence) in self._lost for sequence in range(first, last + 1))
        self._expected[key] = last + 1
        self._after_gap.add(key)

    def _receive_detections(self, event: Event) -> None:
        assert event["pts"] > self._boxes_pts
        self._boxes_pts = event["pts"]

    def _receive_fragment(self, event: Event) -> None:
        key = ChannelKey(ChannelType(event["channel"]), QualityLevel(event["quality"]))
        if self._point is not None and key not in self._started:
            follows = (key, event["sequence"] - 1) == (self._point.key, self._point.sequence)
            assert follows, "neither goes on nor is told of a gap"
            self._started.add(key)
        if self._left.get(key) == event["sequence"]:
            self._left[key] += 1
            self._is_owed_switch = True
            return
        assert key in self.encodings | self._expected.keys() or key.channel in self._told
        assert self._inits[key.channel] == (key.quality, event["init_id"])
        joins = key not in self._expected or key in self._anew
        if event["sequence"] != self._expected.get(key):
            assert joins, "a hole without a gap"
            assert event["keyframe"], "joins at a keyframe only"
        assert event["keyframe"] or key not in self._after_gap, "goes on at a keyframe only"
        self.forget([key])
        self._expected[key] = event["sequence"] + 1
        self.last_id = f"{key.channel}/{key.quality}/{event['sequence']}"
