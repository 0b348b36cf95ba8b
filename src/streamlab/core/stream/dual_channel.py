"""The channels of one camera, from their release through the rings to the connections.

All steps run in order and in one place: fragments come as the sync controller releases them, rings
keep the newest GOPs, connections read the rings. Encoders are requested when a viewer needs them,
and stopped ``linger_ns`` after the last such viewer has left.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping

from streamlab.core.channels import RAW, ChannelKey, QualityLevel, View, raw_first
from streamlab.core.events import ControlEvent, Detections, Switched, SwitchReason
from streamlab.core.mp4.fragment import Fragment, InitSegment
from streamlab.core.stream.connection import Connection, PendingSwitch
from streamlab.core.stream.cursor import join_points, released_to
from streamlab.core.stream.events import (
    EncodersWanted,
    EventsQueued,
    FragmentReleased,
    StreamEvent,
    SwitchDone,
    SwitchTimedOut,
)
from streamlab.core.stream.ring import Released, Ring
from streamlab.errors import UnknownConnectionError

MAX_INITS = 64  # beyond this, unused ones are dropped; a ring needs at most three, and the newest


class DualChannelStream:
    """Delivers the raw and the annotated channels of one camera to any number of viewers."""

    def __init__(
        self,
        stream_id: str,
        *,
        max_fragments: int,
        linger_ns: int,
    ) -> None:
        self.stream_id = stream_id
        self.connections: dict[str, Connection] = {}
        self.rings: dict[ChannelKey, Ring] = {}
        self.inits: dict[str, InitSegment] = {}
        self.counts: Counter[str] = Counter()
        self._max_fragments = max_fragments
        self._linger_ns = linger_ns
        self._order = 0
        self._detections_pts: dict[str, int] = {}  # of the newest frame posted, by channel
        self._wanted: dict[ChannelKey, int | None] = {}  # key -> when it may stop
        self._current_inits: dict[ChannelKey, str] = {}
        self._pending: dict[str, PendingSwitch] = {}  # connection id -> the switch it waits for
        self._events: deque[StreamEvent] = deque()

    # -- media ---------------------------------------------------------------------------

    def receive_init(self, init: InitSegment) -> None:
        """Record the init segment of an encoder that starts."""
        self.inits.pop(init.init_id, None)
        self.inits[init.init_id] = init
        self._current_inits[init.key] = init.init_id
        if len(self.inits) > MAX_INITS:
            self._drop_oldest_init()

    def receive_release(self, fragments: Iterable[Fragment], now_ns: int, wall_s: float) -> None:
        """Receive fragments that are released now, in order; ``wall_s``: Unix seconds."""
        for fragment in fragments:
            self._release(fragment, now_ns, wall_s)
        for name, pending in list(self._pending.items()):
            self._try_switch(self.connections[name], pending, now_ns)

    # -- viewers -------------------------------------------------------------------------

    def receive_connection(self, connection: Connection, now_ns: int) -> None:
        """Add a viewer."""
        self.connections[connection.connection_id] = connection
        self._update_wanted(now_ns)

    def remove_connection(self, connection_id: str, now_ns: int) -> None:
        """Remove a viewer. Unknown ids are ignored: it may have left already."""
        connection = self.connections.pop(connection_id, None)
        if connection is None:
            return
        if connection_id in self._pending:
            self._fail_switch(connection)
        self._update_wanted(now_ns)

    def request_channels(
        self,
        connection: Connection,
        channels: Iterable[str],
        qualities: Mapping[str, QualityLevel],
        now_ns: int,
    ) -> None:
        """Set the channels of a connection; new encodings start from the GOP cache."""
        before = set(connection.encodings)
        connection.channels = raw_first(channels)
        connection.qualities.update(qualities)
        connection.rewind(set(connection.encodings) - before)
        self._update_wanted(now_ns)
        self._events.append(EventsQueued())

    def withdraw_channels(
        self, connection: Connection, channels: Iterable[str], now_ns: int
    ) -> None:
        """Stop sending a connection these channels; a switch that is pending fails."""
        if connection.connection_id in self._pending:
            self._fail_switch(connection)
        kept = set(connection.channels) - set(channels)
        self.request_channels(connection, kept, {}, now_ns)

    def drop_cached(self, channel: str) -> None:
        """Drop the GOP cache of a channel; it can be joined again at its next keyframe."""
        for key, ring in self.rings.items():
            if key.channel == channel:
                ring.clear()

    def request_detections(self, connection: Connection, *, wanted: bool) -> None:
        """Start or stop sending a connection the detections of each frame."""
        connection.detections = wanted
        self._events.append(EventsQueued())

    def request_switch(
        self,
        connection: Connection,
        view: View,
        qualities: Mapping[str, QualityLevel],
        *,
        now_ns: int,
        timeout_ns: int,
    ) -> None:
        """Switch a connection to another view; SwitchDone or SwitchTimedOut follows.

        ``qualities`` has the channels whose quality is to change. A switch that is still pending
        is superseded without an event. Raises UnknownConnectionError if the connection is closed.
        """
        name = connection.connection_id
        if name not in self.connections:
            raise UnknownConnectionError(f"connection '{name}' is closed", hint="Open another.")
        if name in self._pending:
            self._end_switch(connection, "switches_superseded")
        pending = PendingSwitch(view, qualities, now_ns, now_ns + timeout_ns)
        self._pending[name] = pending
        self._update_wanted(now_ns)
        self._try_switch(connection, pending, now_ns)

    def post(self, event: ControlEvent) -> None:
        """Queue a control event for every viewer."""
        for connection in self.connections.values():
            connection.post(event)
        self._events.append(EventsQueued())

    # -- time ----------------------------------------------------------------------------

    def get_timer(self) -> int | None:
        """Return the monotonic time at which ``handle_timer`` is due next, ns; None: never."""
        due = [pending.deadline_ns for pending in self._pending.values()]
        due += (due_ns for due_ns in self._wanted.values() if due_ns is not None)
        return min(due, default=None)

    def handle_timer(self, now_ns: int) -> None:
        """Process what is due: switches that timed out, encoders nobody needs."""
        for name, pending in list(self._pending.items()):
            if pending.deadline_ns <= now_ns:
                self._fail_switch(self.connections[name])
                self._update_wanted(now_ns)
        for due_ns in self._wanted.values():
            if due_ns is not None and due_ns <= now_ns:
                self._update_wanted(now_ns)
                break

    def next_event(self) -> StreamEvent | None:
        """Return the next event for the caller to act on, or None."""
        return self._events.popleft() if self._events else None

    # -- internal ------------------------------------------------------------------------

    def _drop_oldest_init(self) -> None:
        """Drop the oldest init segment that no encoder and no fragment held refers to."""
        used = set(self._current_inits.values())
        used.update(*(ring.init_ids for ring in self.rings.values()))
        unused = [init_id for init_id in self.inits if init_id not in used]
        for init_id in unused[:1]:
            del self.inits[init_id]

    def _release(self, fragment: Fragment, now_ns: int, wall_s: float) -> None:
        if fragment.key not in self._wanted:
            self.counts["fragments_after_stop"] += 1
            return
        ring = self.rings.setdefault(fragment.key, Ring(self._max_fragments))
        self._order += 1
        entry = Released(fragment, wall_s, self._order, ring.memo)
        ring.append(entry)
        self.counts[f"released_{fragment.key.channel}"] += 1
        self._post_detections(fragment)
        self._events.append(FragmentReleased(entry, now_ns))

    def _post_detections(self, fragment: Fragment) -> None:
        if fragment.key.channel == RAW:
            return
        asking = [connection for connection in self.connections.values() if connection.detections]
        for frame in fragment.frames if asking else ():
            boxes, channel = frame.boxes, fragment.key.channel
            if boxes is None or frame.pts <= self._detections_pts.get(channel, -1):
                continue  # already posted by another quality of the channel
            self._detections_pts[channel] = frame.pts
            event = Detections(channel, frame.pts, boxes.detections_pts, boxes.rows)
            for connection in asking:
                connection.post_detections(event)

    def _try_switch(self, connection: Connection, pending: PendingSwitch, now_ns: int) -> None:
        qualities = {**connection.qualities, **pending.qualities}
        keys = [ChannelKey(channel, qualities[channel]) for channel in pending.view.channels]
        rings = {key: self.rings[key] for key in keys if key in self.rings}
        if len(rings) < len(keys) or not all(ring.keyframes for ring in rings.values()):
            return
        starts = join_points(rings, released_to(self.rings, connection.encodings))
        at_pts = min(entry.fragment.pts for entry in starts.values())
        previous = connection.view or pending.view
        only_quality = previous == pending.view and bool(pending.qualities)
        quality, reason = keys[0].quality, _reason(only_quality)
        event = Switched(pending.view, quality, previous, at_pts, reason)
        connection.switch(pending.view.channels, qualities, self.rings, starts, event)
        self._end_switch(connection, "switches")
        done = SwitchDone(
            connection.connection_id, previous, pending.view, quality, at_pts, pending.requested_ns
        )
        self._events.extend((done, EventsQueued()))
        self._update_wanted(now_ns)

    def _fail_switch(self, connection: Connection) -> None:
        self._end_switch(connection, "switch_timeouts")
        self._events.append(SwitchTimedOut(connection.connection_id))

    def _end_switch(self, connection: Connection, outcome: str) -> None:
        self.counts[outcome] += 1
        del self._pending[connection.connection_id]

    def _update_wanted(self, now_ns: int) -> None:
        needed = {key for viewer in self.connections.values() for key in viewer.warm_encodings}
        for pending in self._pending.values():
            needed.update(ChannelKey(*wanted) for wanted in pending.qualities.items())
        before = set(self._wanted)
        for key in needed:
            self._wanted[key] = None
        for key in before - needed:
            due_ns = self._wanted[key]
            if due_ns is None:
                self._wanted[key] = now_ns + self._linger_ns
            elif due_ns <= now_ns:
                self._stop(key)
        if set(self._wanted) != before:
            self._events.append(EncodersWanted(frozenset(self._wanted)))

    def _stop(self, key: ChannelKey) -> None:
        del self._wanted[key]
        if key in self.rings:
            self.rings[key].clear()


def _reason(only_quality: bool) -> SwitchReason:
    return "quality" if only_quality else "client"
