"""One viewer's connection: what it is subscribed to and how far it has read.

A connection reads the rings through cursors, one per channel; it stores no media itself. Small
control events wait in bounded queues; a full queue drops its oldest event and counts it. Events
of a switch have a separate queue, so that other events never displace them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from streamlab.core.access import FULL, CameraAccess
from streamlab.core.channels import RAW, ChannelKey, QualityLevel, View, raw_first
from streamlab.core.events import ControlEvent, Detections, Gap, Health, Sync
from streamlab.core.mp4.fragment import Fragment, InitSegment
from streamlab.core.stream.cursor import (
    Cursor,
    Remainder,
    ResumePoint,
    Resumption,
    join_points,
)
from streamlab.core.stream.ring import Lost, Released, Ring

MAX_OUTBOX_EVENTS = 64
MAX_DETECTIONS_EVENTS = 64
MAX_HANDOVER_EVENTS = 64  # three per switch: 21 switches that the client has not read


class Configuration(NamedTuple):
    """The init segment that a channel's decoder needs before the fragments that follow.

    Several encodings may share an init segment, so ``key`` names the one that it is sent for.
    """

    key: ChannelKey
    init: InitSegment


class Delivery(NamedTuple):
    """A fragment for one viewer; ``cached``: released before the viewer's cursor was placed."""

    entry: Released
    cached: bool


Delivered = ControlEvent | Configuration | Delivery


@dataclass(frozen=True, slots=True)
class PendingSwitch:
    """A switch that waits until every channel of the new view has a keyframe."""

    view: View
    qualities: Mapping[str, QualityLevel]
    """The qualities that it changes, by channel."""
    requested_ns: int
    deadline_ns: int


class Connection:
    """Holds the subscription, cursors and event queues of one viewer of one camera."""

    def __init__(
        self,
        connection_id: str,
        channels: Iterable[str],
        qualities: Mapping[str, QualityLevel],
        *,
        resume: ResumePoint | None = None,
        access: CameraAccess = FULL,
    ) -> None:
        self.connection_id = connection_id
        self.channels = raw_first(channels)
        self.qualities = dict(qualities)
        self.access = access
        """What its viewer may be sent of the camera."""
        self.detections = False
        """True if it subscribed to the detections of each frame, channel ``detections``."""
        self.outbox_dropped = 0
        self.gaps = 0
        """Number of gaps because the client was slow."""
        self._resumption = Resumption(resume)
        self._handover: deque[ControlEvent | Remainder] = deque()
        self._outbox: deque[ControlEvent] = deque()
        self._health: dict[str, Health] = {}
        self._boxes: deque[Detections] = deque(maxlen=MAX_DETECTIONS_EVENTS)
        self._cursors: dict[ChannelKey, Cursor] = {}
        # The init segments that the client's decoders are configured with.
        self._init_ids: dict[str, tuple[QualityLevel, str]] = {}

    @property
    def view(self) -> View | None:
        """The view of its channels, or None if it has no channels."""
        return View.of(self.channels) if self.channels else None

    @property
    def encodings(self) -> list[ChannelKey]:
        """The encodings that it receives."""
        return [ChannelKey(channel, self.qualities[channel]) for channel in self.channels]

    @property
    def warm_encodings(self) -> list[ChannelKey]:
        """The encodings to keep running for it: all in ``qualities``, so a switch is immediate."""
        return [ChannelKey(channel, quality) for channel, quality in self.qualities.items()]

    def hand_to(self, access: CameraAccess) -> None:
        """Give the connection to its reader; what waits for one with other rights is dropped."""
        if access != self.access:
            self.access = access
            self._handover.clear()
            self._outbox.clear()
            self._boxes.clear()

    def post(self, event: ControlEvent) -> None:
        """Queue a control event; a full queue drops and counts its oldest."""
        if isinstance(event, Sync) and not self.access.watches_all:
            seen = {
                name: each for name, each in event.channels.items() if self.access.watches(name)
            }
            event = replace(event, channels=seen)
        if len(self._outbox) >= MAX_OUTBOX_EVENTS:
            self._outbox.popleft()
            self.outbox_dropped += 1
        self._outbox.append(event)

    def post_health(self, channel: str, event: Health) -> None:
        """Queue the health of a channel, replacing an older report that is still queued."""
        self._health[channel] = event

    def post_detections(self, event: Detections) -> None:
        """Queue the detections of a frame; a full queue drops and counts its oldest.

        Those of a channel that the viewer may not be sent are left out.
        """
        if not self.access.watches(event.channel):
            return
        self.outbox_dropped += len(self._boxes) == self._boxes.maxlen
        self._boxes.append(event)

    def switch(
        self,
        channels: tuple[str, ...],
        qualities: Mapping[str, QualityLevel],
        rings: Mapping[ChannelKey, Ring],
        starts: Mapping[ChannelKey, Released],
        event: ControlEvent,
    ) -> None:
        """Switch to these channels at the keyframes ``starts``, and queue ``event``.

        Unread fragments of the previous channels that begin before the first of these keyframes
        are delivered ahead of the event.
        """
        at_pts = min(start.fragment.pts for start in starts.values())
        for gap in self._resume(self._held(rings)):
            self._hand_over(gap)
        for key in (each for each in self.encodings if each in starts):
            for gap in self._resumption.start(key, starts[key].fragment.sequence):
                self._hand_over(gap)
        for key, cursor in self._cursors.items():
            self._hand_over(Remainder(key, cursor, at_pts))
        self._hand_over(event)
        self.channels, self.qualities = channels, dict(qualities)
        self._cursors = {
            key: Cursor.at(rings[key], start.fragment.sequence) for key, start in starts.items()
        }
        self._resumption = Resumption(None)

    def rewind(self, keys: Iterable[ChannelKey]) -> None:
        """Restart these encodings from the GOP cache; drop the cursors of those no longer sent."""
        kept = set(self.encodings) - set(keys)
        self._cursors = {key: cursor for key, cursor in self._cursors.items() if key in kept}

    def take(
        self, rings: Mapping[ChannelKey, Ring], inits: Mapping[str, InitSegment], max_lag: int
    ) -> list[Delivered]:
        """Return the next events for this client, in order, and mark them as read.

        Args:
            rings: by encoding.
            inits: init segments by id.
            max_lag: a cursor that is further behind, in fragments, jumps to the newest keyframe.
        """
        events: list[Delivered] = list(self._take_handover(inits, max_lag))
        events += self._outbox
        self._outbox.clear()
        events += [event for channel, event in self._health.items() if self._is_sent(channel)]
        self._health.clear()
        if len(self._cursors) < len(self.channels):
            events.extend(self._place(rings))
        fresh: list[tuple[Released, Cursor]] = []
        for key, cursor in self._cursors.items():
            if cursor.next_sequence == cursor.ring.next_sequence:
                continue
            # A cursor that has just joined or resumed does not lag: everything held is sent.
            allowed = max_lag if cursor.init_id else cursor.ring.max_fragments
            lost = cursor.ring.behind(cursor.next_sequence, allowed)
            if lost is not None:
                events.append(self._skip(key, cursor, lost))
            fresh.extend((entry, cursor) for entry in cursor.advance())
        if len(fresh) > 1:
            fresh.sort(key=lambda pair: pair[0].order)
        for entry, cursor in fresh:
            events.extend(self._read(entry, cursor, inits))
        events.extend(self._boxes)
        self._boxes.clear()
        return events

    def live_cursors(self) -> Mapping[ChannelKey, Cursor]:
        """Return its cursors if it only awaits the next fragment of each channel, else none."""
        queued = self._handover or self._outbox or self._health or self._boxes
        if queued or self.detections:
            return {}
        if len(self._cursors) < len(self.channels):
            return {}
        cursors = self._cursors.values()
        read = all(cursor.next_sequence == cursor.ring.next_sequence for cursor in cursors)
        return self._cursors if read else {}

    def _is_sent(self, channel: str) -> bool:
        """Return True if the pictures or the detections of a channel are sent."""
        has_boxes = self.detections and channel != RAW and self.access.watches(channel)
        return has_boxes or channel in self.channels

    def _hand_over(self, item: ControlEvent | Remainder) -> None:
        if len(self._handover) >= MAX_HANDOVER_EVENTS:
            self._handover.popleft()
            self.outbox_dropped += 1
        self._handover.append(item)

    def _take_handover(self, inits: Mapping[str, InitSegment], max_lag: int) -> Iterator[Delivered]:
        while self._handover:
            item = self._handover.popleft()
            if not isinstance(item, Remainder):
                yield item
                continue
            owed = item.take(max_lag)
            if isinstance(owed, Lost):
                yield self._skip(item.key, item.cursor, owed)
                continue
            for entry in owed:
                yield from self._read(entry, item.cursor, inits)

    def _read(
        self, entry: Released, cursor: Cursor, inits: Mapping[str, InitSegment]
    ) -> Iterator[Delivered]:
        fragment = entry.fragment
        if fragment.init_id != cursor.init_id:
            cursor.init_id = fragment.init_id
            yield from self._init_before(fragment, inits)
        cached = fragment.sequence <= cursor.cached_to
        yield Delivery(entry, cached)

    def _place(self, rings: Mapping[ChannelKey, Ring]) -> Iterator[Gap]:
        """Place the missing cursors for which there is something to read."""
        held = self._held(rings)
        yield from self._resume(held)
        yield from self._join(held)

    def _held(self, rings: Mapping[ChannelKey, Ring]) -> dict[ChannelKey, Ring]:
        return {key: rings[key] for key in self.encodings if key in rings}

    def _resume(self, rings: Mapping[ChannelKey, Ring]) -> Iterator[Gap]:
        """Place the missing cursors at what the client has not received, where that is held."""
        for key, cursor in self._resumption.cursors(rings).items():
            if key not in self._cursors:
                self._cursors[key] = cursor
                yield from self._resumption.start(key, cursor.next_sequence)

    def _join(self, rings: Mapping[ChannelKey, Ring]) -> Iterator[Gap]:
        joining = {
            key: ring for key, ring in rings.items() if key not in self._cursors and ring.keyframes
        }
        for key, start in join_points(joining).items():
            sequence = start.fragment.sequence
            self._cursors[key] = Cursor.at(joining[key], sequence)
            yield from self._resumption.start(key, sequence)

    def _skip(self, key: ChannelKey, cursor: Cursor, lost: Lost) -> Gap:
        self.gaps += lost.reason == "slow_client"
        cursor.next_sequence = lost.to_sequence + 1
        return Gap(*key, lost.from_sequence, lost.to_sequence, lost.reason)

    def _init_before(
        self, fragment: Fragment, inits: Mapping[str, InitSegment]
    ) -> Iterator[Configuration]:
        key, init_id = fragment.key, fragment.init_id
        if self._init_ids.get(key.channel) == (key.quality, init_id):
            return
        self._init_ids[key.channel] = (key.quality, init_id)
        yield Configuration(key, inits[init_id])
