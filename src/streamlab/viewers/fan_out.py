"""Distributes the fragments of one camera to its readers.

A reader that has read everything is *live*: the next fragment reaches it as one shared write.
Its connection is not examined, which saves most of what a viewer costs when there are hundreds.
Rules:

- a reader is live while it waits for nothing but the next fragment of each of its channels;
- a fragment that continues the sequence (next sequence number, same init segment) is written to
  the live groups, and the other readers are notified to read it through their cursors;
- any other event ends live delivery: all readers are notified, read through their cursors, and
  join their live groups again;
- who came first is written to first: the first ``FIRST`` of every group get all that is released at
  once before any other does, so that a crowd that came later delays them little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from streamlab.clock import monotonic_ns
from streamlab.core.channels import ChannelKey
from streamlab.core.stream.cursor import Cursor
from streamlab.core.stream.ring import Released
from streamlab.protocol.sse import Form, encode_fragment

Notify = Callable[[], None]
Write = Callable[[bytes], None]
Frame = Callable[[bytes], bytes]
"""How an event is framed for a connection, once for all that frame it the same way."""
FIRST = 32


def unframed(event: bytes) -> bytes:
    """Return an event as it is."""
    return event


class LiveGroup:
    """Live readers of one encoding, which receive its events in the same form and framing."""

    def __init__(self, form: Form, frame: Frame = unframed) -> None:
        self.written_ns = 0
        """When the newest fragment was written to the group, monotonic."""
        self._form, self._frame = form, frame
        self._members: dict[Write, Cursor] = {}
        self._next_sequence = 0
        self._init_id = ""
        self._first: tuple[Write, ...] = ()
        self._rest: dict[Write, None] = {}  # those that ``_owed`` is still to be written to
        self._owed: list[bytes] = []
        self._owed_sequence = 0  # of the first event owed

    def join(self, cursor: Cursor, write: Write) -> None:
        """Add a reader: ``write``, which must not raise, gets fragments in place of the cursor."""
        if not self._members:
            self._next_sequence, self._init_id = cursor.next_sequence, cursor.init_id
        self._members[write] = cursor

    def leave(self, write: Write) -> None:
        """Remove a reader; its cursor continues after the last fragment written to it."""
        cursor = self._members.pop(write, None)
        if cursor is not None:
            is_owed = write in self._rest
            cursor.next_sequence = self._owed_sequence if is_owed else self._next_sequence
            self._rest.pop(write, None)

    def dissolve(self) -> None:
        """Remove all readers; they continue with their cursors."""
        for write in list(self._members):
            self.leave(write)
        self._first, self._owed = (), []

    def suits(self, cursor: Cursor) -> bool:
        """Return True if the cursor waits for the same fragment as all members, if any."""
        mine = (self._next_sequence, self._init_id)
        return not self._members or mine == (cursor.next_sequence, cursor.init_id)

    def followed_by(self, entry: Released) -> bool:
        """Return True if this is the fragment that all members wait for, if any."""
        mine = (self._next_sequence, self._init_id)
        return not self._members or mine == (entry.fragment.sequence, entry.fragment.init_id)

    def write(self, entry: Released) -> None:
        """Write a fragment to the first members; ``write_rest`` must follow."""
        if not self._members:
            return
        if not self._owed:
            self._first = tuple(islice(self._members, FIRST))
            self._rest = dict.fromkeys(islice(self._members, FIRST, None))
            self._owed_sequence = self._next_sequence
        self._next_sequence += 1
        self.written_ns = monotonic_ns()
        event = self._frame(encode_fragment(entry, self._form, cached=False))
        self._owed.append(event)
        for write in self._first:
            if write in self._members:  # a member leaves when this fills its buffer
                write(event)

    def write_rest(self) -> None:
        """Write to the other members what the first got since the last call."""
        rest, self._rest = self._rest, {}  # a member that leaves from here on has been written to
        if rest:
            events = self._owed[0] if len(self._owed) == 1 else b"".join(self._owed)
            for write in rest:
                write(events)
        self._first, self._owed = (), []


class FanOut:
    """Tracks the readers of a camera and delivers fragments to them."""

    def __init__(self) -> None:
        self._listeners: dict[Notify, None] = {}  # in the order they came, like those behind
        self._behind: dict[Notify, None] = {}
        self._groups: defaultdict[ChannelKey, dict[tuple[Form, Frame], LiveGroup]]
        self._groups = defaultdict(dict)

    def add(self, notify: Notify) -> None:
        """Register a reader: ``notify`` is called whenever there may be something to take.

        It must not raise, and must not add or remove readers.
        """
        self._listeners[notify] = None
        self._behind[notify] = None

    def remove(self, notify: Notify) -> None:
        """Unregister a reader."""
        self._listeners.pop(notify, None)
        self._behind.pop(notify, None)

    def notify_all(self) -> None:
        """End live delivery and notify all readers."""
        for group in self._all_groups():
            group.dissolve()
        self._behind = dict(self._listeners)
        self._notify_behind()

    def release(self, entries: Iterable[Released]) -> None:
        """Write fragments to the live groups, and notify the other readers."""
        for entry in entries:
            groups = self._groups[entry.fragment.key].values()
            if not all(group.followed_by(entry) for group in groups):
                self.notify_all()
                return
            for group in groups:
                group.write(entry)
        for group in self._all_groups():
            group.write_rest()
        self._notify_behind()

    def join_live(
        self,
        notify: Notify,
        write: Write,
        cursors: Mapping[ChannelKey, Cursor],
        form: Form,
        frame: Frame = unframed,
    ) -> list[LiveGroup]:
        """Move a reader to live delivery once it has caught up.

        ``write`` gets events framed by ``frame``; while it runs, no other reader may leave.

        Returns the groups it joined, or an empty list if it is still ahead of other readers.
        """
        groups = [self._group(key, form, frame) for key in cursors]
        pairs = list(zip(groups, cursors.values(), strict=True))
        if not all(group.suits(cursor) for group, cursor in pairs):
            return []
        for group, cursor in pairs:
            group.join(cursor, write)
        self._behind.pop(notify, None)
        return groups

    def leave_live(self, notify: Notify) -> None:
        """Notify a reader again from now on. It must have left its groups."""
        self._behind[notify] = None

    def _notify_behind(self) -> None:
        for notify in tuple(self._behind):
            notify()

    def _group(self, key: ChannelKey, form: Form, frame: Frame) -> LiveGroup:
        groups = self._groups[key]
        if (form, frame) not in groups:
            groups[form, frame] = LiveGroup(form, frame)
        return groups[form, frame]

    def _all_groups(self) -> list[LiveGroup]:
        return [group for groups in self._groups.values() for group in groups.values()]
