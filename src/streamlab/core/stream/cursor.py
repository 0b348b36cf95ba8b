"""Where a viewer reads: cursors into the rings, and where to place them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from streamlab.core.channels import ChannelKey, QualityLevel, is_channel_name, levels_of
from streamlab.core.stream.ring import Lost, Released, Ring

_MAX_DIGITS = 18  # of a sequence; the longest that fits into 63 bits


@dataclass(slots=True)
class Cursor:
    """The next fragment wanted of a ring; those up to ``cached_to`` are older than the join."""

    ring: Ring
    next_sequence: int
    cached_to: int
    init_id: str = ""
    """The init segment of the fragments read so far."""

    @classmethod
    def at(cls, ring: Ring, sequence: int) -> Cursor:
        """Return a cursor at this fragment; what the ring holds now is older than the join."""
        return cls(ring, sequence, cached_to=ring.next_sequence - 1)

    def advance(self) -> list[Released]:
        """Return what the ring holds from here on, and go on behind it."""
        ring = self.ring
        if not ring or self.next_sequence < ring.first_sequence:
            return []
        fresh = list(ring.since(self.next_sequence))
        self.next_sequence = ring.next_sequence
        return fresh


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """The last fragment that a client got before it lost its connection."""

    key: ChannelKey
    sequence: int

    @classmethod
    def parse(cls, event_id: str) -> ResumePoint | None:
        """Read a ``Last-Event-ID``, ``channel/quality/sequence``; None when it is none of ours."""
        parts = event_id.split("/")
        if len(parts) != 3 or not parts[2].isdecimal() or len(parts[2]) > _MAX_DIGITS:
            return None
        if not is_channel_name(parts[0]) or parts[1] not in levels_of(parts[0]):
            return None
        return cls(ChannelKey(parts[0], QualityLevel(parts[1])), int(parts[2]))

    def lost(self, ring: Ring) -> Lost | None:
        """Return what the client will not get of this ring, which holds a keyframe, or None."""
        if ring.holds(self.sequence + 1):
            return None
        last = ring.keyframes[-1].fragment.sequence - 1
        return Lost(min(self.sequence + 1, last), last)


def resume_cursors(
    point: ResumePoint, rings: Mapping[ChannelKey, Ring]
) -> dict[ChannelKey, Cursor]:
    """Return cursors that go on right after ``point``, in every ring that still can.

    The other channels go on with what was released after it; one that has dropped that already
    gets no cursor, and so joins anew.
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
    """What a viewer that has switched is still owed of a channel it left: all before ``at_pts``."""

    key: ChannelKey
    cursor: Cursor
    at_pts: int

    def take(self, max_lag: int) -> list[Released] | Lost:
        """Return it, or what is lost: not held any more, or more than ``max_lag`` fragments."""
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

    One later than ``latest_pts`` is taken only when there is none before. Rings without a keyframe
    in common start each at its own newest. Every ring must hold a keyframe.
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
    """Return up to which pts all of these have been released; None when none has been."""
    newest = [rings[key].newest for key in keys if key in rings]
    ends = [each.fragment.pts + each.fragment.duration for each in newest if each is not None]
    return min(ends, default=None)
