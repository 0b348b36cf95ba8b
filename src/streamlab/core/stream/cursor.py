"""Cursors: where a viewer reads in the rings, and where to place it on join, resume and switch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from streamlab.core.channels import ChannelKey, QualityLevel, is_channel_name, levels_of
from streamlab.core.events import Gap
from streamlab.core.stream.ring import Lost, Released, Ring

_MAX_ID_CHARS = 128
_MAX_DIGITS = 18  # of a sequence; the most that always fit into 63 bits


@dataclass(slots=True)
class Cursor:
    """The next fragment to read from a ring; those up to ``cached_to`` predate the cursor."""

    ring: Ring
    next_sequence: int
    cached_to: int
    init_id: str = ""
    """The init segment of the fragments read so far."""

    @classmethod
    def at(cls, ring: Ring, sequence: int) -> Cursor:
        """Return a cursor at this fragment; all that the ring holds now counts as cached."""
        return cls(ring, sequence, cached_to=ring.next_sequence - 1)

    def advance(self) -> list[Released]:
        """Return the fragments held from here on, and move past them.

        Returns an empty list if the ring is empty or has dropped the next fragment.
        """
        ring = self.ring
        if not ring or self.next_sequence < ring.first_sequence:
            return []
        fresh = list(ring.since(self.next_sequence))
        self.next_sequence = ring.next_sequence
        return fresh


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """The last fragment that a client received before it lost its connection."""

    key: ChannelKey
    sequence: int

    @classmethod
    def parse(cls, event_id: str) -> ResumePoint | None:
        """Parse a ``Last-Event-ID``, ``channel/quality/sequence``; return None if it is invalid."""
        parts = event_id.split("/") if len(event_id) <= _MAX_ID_CHARS else ()
        if len(parts) != 3 or not parts[2].isdecimal() or len(parts[2]) > _MAX_DIGITS:
            return None
        if not is_channel_name(parts[0]) or parts[1] not in levels_of(parts[0]):
            return None
        return cls(ChannelKey(parts[0], QualityLevel(parts[1])), int(parts[2]))


class Resumption:
    """Where the channels of a client that was connected before start, and what each missed.

    The channel that ``Last-Event-ID`` names continues after that fragment while it is held. All
    others start at a keyframe, after a ``gap``: whether the client was sent them is not known.
    """

    def __init__(self, point: ResumePoint | None) -> None:
        """``point``: None for a client that was not connected before; it gets no gap."""
        self._point = point
        self._started: set[ChannelKey] = set()

    def cursors(self, rings: Mapping[ChannelKey, Ring]) -> dict[ChannelKey, Cursor]:
        """Return cursors that miss nothing: of the named channel and of the others that still can.

        The others start with the GOP of what was released after the named fragment. Returns an
        empty dict if the named channel cannot continue, or has already started.
        """
        point = self._point
        if point is None or point.key in self._started or point.key not in rings:
            return {}
        named = rings[point.key]
        if not named.keyframes or not named.holds(point.sequence + 1):
            return {}
        last = named.get(point.sequence)
        order = named.dropped_order if last is None else last.order
        cursors = {point.key: Cursor.at(named, point.sequence + 1)}
        for key, ring in rings.items():
            following = ring.next_after(order)
            start = None if following is None else ring.keyframe_before(following)
            if start is not None:
                cursors.setdefault(key, Cursor.at(ring, start))
        return cursors

    def start(self, key: ChannelKey, sequence: int) -> Iterator[Gap]:
        """Record the first fragment of an encoding; yield the gap before it, if there is one."""
        point = self._point
        if point is None or key in self._started:
            return
        self._started.add(key)
        expected = point.sequence + 1
        if key != point.key or sequence < expected:
            yield Gap(*key, None, None, "resume_expired")
        elif sequence > expected:
            yield Gap(*key, expected, sequence - 1, "resume_expired")


@dataclass(frozen=True, slots=True)
class Remainder:
    """The unread fragments of a channel that a viewer switched away from: all before ``at_pts``."""

    key: ChannelKey
    cursor: Cursor
    at_pts: int

    def take(self, max_lag: int) -> list[Released] | Lost:
        """Return the fragments, or ``Lost`` if some were dropped or they exceed ``max_lag``."""
        ring, first = self.cursor.ring, self.cursor.next_sequence
        end = ring.sequence_at(self.at_pts)
        if end <= first:
            return []
        if end - first > max_lag or not ring.holds(first):
            return ring.lost(first, end - 1)
        return [entry for entry in ring.since(first) if entry.fragment.sequence < end]


def join_points(
    rings: Mapping[ChannelKey, Ring], latest_pts: int | None = None
) -> dict[ChannelKey, Released]:
    """Return where to start in each ring: the newest keyframe that all of them hold.

    A keyframe later than ``latest_pts`` is used only if there is none up to then. Rings without a
    common keyframe each start at their own newest. Every ring must hold a keyframe.
    """
    held = [{entry.fragment.pts for entry in ring.keyframes} for ring in rings.values()]
    common = set.intersection(*held) if held else set()
    early = {pts for pts in common if latest_pts is not None and pts <= latest_pts}
    start_pts = max(early or common, default=None)
    return {
        key: next(
            entry
            for entry in reversed(ring.keyframes)
            if start_pts is None or entry.fragment.pts == start_pts
        )
        for key, ring in rings.items()
    }


def released_to(rings: Mapping[ChannelKey, Ring], keys: Iterable[ChannelKey]) -> int | None:
    """Return the PTS up to which all of these encodings have been released.

    Encodings without a fragment are ignored; None if no encoding has one.
    """
    newest = [rings[key].newest for key in keys if key in rings]
    ends = [each.fragment.pts + each.fragment.duration for each in newest if each is not None]
    return min(ends, default=None)
