"""Cursors: where a viewer reads in the rings, and where to place it on join, resume and switch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from streamlab.core.channels import ChannelKey, QualityLevel, is_channel_name, levels_of
from streamlab.core.stream.ring import Lost, Released, Ring

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
        parts = event_id.split("/")
        if len(parts) != 3 or not parts[2].isdecimal() or len(parts[2]) > _MAX_DIGITS:
            return None
        if not is_channel_name(parts[0]) or parts[1] not in levels_of(parts[0]):
            return None
        return cls(ChannelKey(parts[0], QualityLevel(parts[1])), int(parts[2]))

    def lost(self, ring: Ring) -> Lost | None:
        """Return what the client missed for good, or None. The ring must hold a keyframe."""
        if ring.holds(self.sequence + 1):
            return None
        last = ring.keyframes[-1].fragment.sequence - 1
        return Lost(min(self.sequence + 1, last), last)


def resume_cursors(
    point: ResumePoint, rings: Mapping[ChannelKey, Ring]
) -> dict[ChannelKey, Cursor]:
    """Return cursors that continue right after ``point``, for every ring that still can.

    The other channels continue with what was released after that fragment; a channel that has
    already dropped some of it gets no cursor and so joins anew.
    """
    last = rings[point.key].get(point.sequence)
    order = rings[point.key].dropped_order if last is None else last.order
    cursors = {}
    for key, ring in rings.items():
        sequence = point.sequence + 1 if key == point.key else ring.next_after(order)
        if sequence is not None:
            cursors[key] = Cursor.at(ring, sequence)
    return cursors


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
            return Lost(first, end - 1)
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
