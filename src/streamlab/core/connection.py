"""One viewer's connection: what it is subscribed to and how far it has read.

States, and what moves a connection between them:

====================== ======= ========= ========= ======
event \\ state          JOINING LIVE      SWITCHING CLOSED
====================== ======= ========= ========= ======
first fragment taken   LIVE    -         -         -
switch requested       SWITCHING SWITCHING SWITCHING error
switch done, timed out -       -         LIVE      -
closed                 CLOSED  CLOSED    CLOSED    -
====================== ======= ========= ========= ======

A connection reads the rings by cursors, one per channel; it holds no media of its own. Small
control events wait in ``outbox``, bounded: the oldest goes first and is counted.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import merge

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, View
from streamlab.core.cursor import Cursor, ResumePoint, join_points, resume_cursors
from streamlab.core.events import Gap, Init, encode
from streamlab.core.fragment import InitSegment
from streamlab.core.ring import Released, Ring

MAX_OUTBOX_EVENTS = 64
MAX_DETECTIONS_EVENTS = 64


class ConnectionState(StrEnum):
    """Where a connection is in its life."""

    JOINING = "joining"
    LIVE = "live"
    SWITCHING = "switching"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PendingSwitch:
    """A switch that waits for the new channel's keyframe."""

    view: View
    quality: QualityLevel | None
    requested_ns: int
    deadline_ns: int


class Connection:
    """A viewer of one camera."""

    def __init__(
        self,
        connection_id: str,
        channels: Iterable[ChannelType],
        qualities: Mapping[ChannelType, QualityLevel],
        *,
        by_url: bool = False,
        resume: ResumePoint | None = None,
    ) -> None:
        self.connection_id = connection_id
        self.state = ConnectionState.JOINING
        self.channels = tuple(channel for channel in ChannelType if channel in set(channels))
        self.qualities = dict(qualities)
        self.pending: PendingSwitch | None = None
        self.detections = False
        """Whether it asked for the boxes of each frame, channel ``detections``."""
        self.outbox_dropped = 0
        self.gaps = 0
        self.sent_fragments = 0
        self._by_url = by_url
        self._resume = resume
        self._outbox: deque[bytes] = deque()
        self._boxes: deque[bytes] = deque(maxlen=MAX_DETECTIONS_EVENTS)
        self._cursors: dict[ChannelKey, Cursor] = {}
        self._init_ids: dict[ChannelType, str] = {}  # what the client's decoders are set to

    @property
    def view(self) -> View | None:
        """The view that its channels make; None when it has none."""
        if len(self.channels) == len(ChannelType):
            return View.BOTH
        return View(self.channels[0]) if self.channels else None

    @property
    def encodings(self) -> list[ChannelKey]:
        """The encodings that are sent to it."""
        return [ChannelKey(channel, self.qualities[channel]) for channel in self.channels]

    @property
    def warm_encodings(self) -> list[ChannelKey]:
        """The encodings that must run for it: both channels, so that a switch is at once."""
        return [ChannelKey(channel, quality) for channel, quality in self.qualities.items()]

    def post(self, event: bytes) -> None:
        """Queue a control event."""
        if len(self._outbox) >= MAX_OUTBOX_EVENTS:
            self._outbox.popleft()
            self.outbox_dropped += 1
        self._outbox.append(event)

    def post_detections(self, event: bytes) -> None:
        """Queue the boxes of a frame; the oldest that wait make room and are counted."""
        self.outbox_dropped += len(self._boxes) == self._boxes.maxlen
        self._boxes.append(event)

    def rewind(self, keys: Iterable[ChannelKey]) -> None:
        """Read these encodings anew, from the GOP cache."""
        for key in keys:
            self._cursors.pop(key, None)

    def take(
        self, rings: Mapping[ChannelKey, Ring], inits: Mapping[str, InitSegment], max_lag: int
    ) -> list[bytes]:
        """Return the events that this client is to be sent next, in order."""
        events = list(self._outbox)
        self._outbox.clear()
        keys = self.encodings
        self._cursors = {key: self._cursors[key] for key in keys if key in self._cursors}
        held = {key: rings[key] for key in keys if key in rings}
        events.extend(self._go_on(held))
        self._join(held)
        for key, cursor in self._cursors.items():
            events.extend(self._skip(key, cursor, rings[key], max_lag))
        fresh = (self._advance(rings[key], cursor) for key, cursor in self._cursors.items())
        for entry, cached in merge(*fresh, key=lambda pair: pair[0].order):
            events.extend(self._init_before(entry, inits))
            events.append(entry.event(cached=cached, by_url=self._by_url))
            self.sent_fragments += 1
        events.extend(self._boxes)
        self._boxes.clear()
        if self.state is ConnectionState.JOINING and self.sent_fragments:
            self.state = ConnectionState.LIVE
        return events

    def _go_on(self, rings: Mapping[ChannelKey, Ring]) -> Iterator[bytes]:
        """Place the cursors where the client left off, or say that this is not held any more."""
        point = self._resume
        if point is None or point.key not in rings or not rings[point.key].keyframes:
            return
        self._resume = None
        lost = point.lost(rings[point.key])
        if lost is None:
            self._cursors = resume_cursors(point, rings)
        else:
            yield encode(Gap(*point.key, lost.from_sequence, lost.to_sequence, "resume_expired"))

    def _join(self, rings: Mapping[ChannelKey, Ring]) -> None:
        joining = {
            key: ring
            for key, ring in rings.items()
            if key not in self._cursors and ring.keyframes and ring.newest
        }
        for key, start in join_points(joining).items():
            newest = joining[key].newest
            assert newest is not None
            self._cursors[key] = Cursor(start.fragment.sequence, newest.fragment.sequence)

    def _skip(self, key: ChannelKey, cursor: Cursor, ring: Ring, max_lag: int) -> Iterator[bytes]:
        lost = ring.behind(cursor.next_sequence, max_lag)
        if lost is None:
            return
        self.gaps += 1
        cursor.next_sequence = lost.to_sequence + 1
        yield encode(Gap(*key, lost.from_sequence, lost.to_sequence, "slow_client"))

    def _advance(self, ring: Ring, cursor: Cursor) -> Iterator[tuple[Released, bool]]:
        if not ring or cursor.next_sequence < ring.first_sequence:
            return
        for entry in ring.since(cursor.next_sequence):
            sequence = entry.fragment.sequence
            cursor.next_sequence = sequence + 1
            yield entry, sequence <= cursor.cached_to

    def _init_before(self, entry: Released, inits: Mapping[str, InitSegment]) -> Iterator[bytes]:
        key, init_id = entry.fragment.key, entry.fragment.init_id
        if self._init_ids.get(key.channel) == f"{key.quality}/{init_id}":
            return
        self._init_ids[key.channel] = f"{key.quality}/{init_id}"
        init = inits[init_id]
        data = base64.b64encode(init.data).decode()
        yield encode(Init(*key, init_id, init.codec, init.width, init.height, init.fps, data))
