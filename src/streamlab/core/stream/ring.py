"""The GOP cache of one channel and quality, and the rules for the cursors that read it.

Rules:

- the ring holds the newest two GOPs; when a third begins, the oldest is dropped whole;
- a GOP longer than ``max_fragments`` loses its head, and nobody can join until the next one;
- when a sequence number is missing, what precedes the hole is dropped;
- a cursor joins at a keyframe only; one that lags by more than ``max_lag`` fragments, or has
  fallen off the ring, jumps to the newest keyframe, and what it missed is a gap;
- media is stored once, as the fragment's ``data``. Its wire forms are built on first use, shared
  by all readers until the next fragment arrives, and then discarded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from streamlab.core.events import GapReason
from streamlab.core.mp4.fragment import Fragment

GOPS = 2
NEW_FRAGMENTS = 4
"""How many of the newest keep their base64, so that a busy event loop need not encode it again."""

Memo = dict[Hashable, bytes]
"""Wire forms of a ring's newest fragment, and of older ones read since it arrived."""


@dataclass(eq=False, slots=True)
class Released:
    """A released fragment; ``order`` numbers the releases of all channels of a camera.

    Treat instances as immutable. ``released_at`` is wall time, Unix seconds; ``memo`` is shared
    with the other fragments of the ring.
    """

    fragment: Fragment
    released_at: float
    order: int
    memo: Memo = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lost:
    """A range of sequences, both ends inclusive, that a cursor will not get."""

    from_sequence: int
    to_sequence: int
    reason: GapReason = "slow_client"


class Ring:
    """Holds the newest two GOPs of one channel and quality."""

    def __init__(self, max_fragments: int) -> None:
        if max_fragments < 1:
            raise ValueError(f"a ring must hold at least one fragment, got {max_fragments}")
        self.max_fragments = max_fragments
        self.next_sequence = 0
        """The sequence after the newest fragment, even if that is no longer held."""
        self.dropped_order = 0
        """The ``order`` of the newest fragment that was dropped; 0: none yet."""
        self.hole_end = 0
        """The sequence after the newest hole: fragments that were lost before they came here."""
        self.dropped = 0
        self.peak = 0
        self.memo: Memo = {}
        self._entries: deque[Released] = deque()
        self._keyframes: deque[int] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def append(self, entry: Released) -> None:
        """Append the next fragment.

        If a sequence number is missing, or redaction begins, all earlier fragments are dropped.
        """
        if self._entries:
            is_hole = entry.fragment.sequence != self.next_sequence
            begins = entry.fragment.is_redacted and not self._entries[-1].fragment.is_redacted
            if is_hole or begins:
                self.clear()
            if is_hole:
                self.hole_end = entry.fragment.sequence
        if entry.fragment.keyframe:
            self._keyframes.append(entry.fragment.sequence)
            if len(self._keyframes) > GOPS:
                self._keyframes.popleft()
                self._drop_before(self._keyframes[0])
        self._entries.append(entry)
        self.memo.clear()
        if len(self._entries) > NEW_FRAGMENTS:
            self._entries[-1 - NEW_FRAGMENTS].fragment.payload = b""
        self.next_sequence = entry.fragment.sequence + 1
        if len(self._entries) > self.max_fragments:
            self._drop_before(self.first_sequence + 1)
        self.peak = max(self.peak, len(self._entries))

    def clear(self) -> None:
        """Drop all fragments: the encoder has stopped, or the next one does not continue them."""
        if self._entries:
            self.dropped_order = self._entries[-1].order
        self._entries.clear()
        self._keyframes.clear()
        self.memo.clear()

    @property
    def first_sequence(self) -> int:
        """The oldest sequence held; the ring must not be empty."""
        return self._entries[0].fragment.sequence

    @property
    def newest(self) -> Released | None:
        """The newest fragment held, or None."""
        return self._entries[-1] if self._entries else None

    @property
    def keyframes(self) -> list[Released]:
        """The fragments held at which a viewer can join, oldest first."""
        return [self._entries[sequence - self.first_sequence] for sequence in self._keyframes]

    @property
    def init_ids(self) -> set[str]:
        """The ids of the init segments of the fragments held."""
        return {entry.fragment.init_id for entry in self._entries}

    def since(self, sequence: int) -> Iterator[Released]:
        """Yield the fragments from ``sequence`` on, which must not have been dropped."""
        for index in range(sequence - self.first_sequence, len(self._entries)):
            yield self._entries[index]

    def holds(self, sequence: int) -> bool:
        """Return True if a cursor can continue at ``sequence``: it is held, or comes next."""
        return bool(self._entries) and self.first_sequence <= sequence <= self.next_sequence

    def get(self, sequence: int) -> Released | None:
        """Return the fragment with this sequence, or None if it is not held."""
        index = sequence - self.first_sequence if self._entries else -1
        return self._entries[index] if 0 <= index < len(self._entries) else None

    def sequence_at(self, pts: int) -> int:
        """Return the first sequence held that begins at ``pts`` or later, else the next one."""
        held = (entry.fragment for entry in self._entries if entry.fragment.pts >= pts)
        return next((fragment.sequence for fragment in held), self.next_sequence)

    def next_after(self, order: int) -> int | None:
        """Return the next sequence after ``order``, or None if some since then were dropped."""
        if not self._entries or self.dropped_order > order:
            return None
        held = (entry.fragment.sequence for entry in self._entries if entry.order > order)
        return next(held, self.next_sequence)

    def keyframe_before(self, sequence: int) -> int | None:
        """Return the newest keyframe held up to ``sequence``, or None."""
        return max((each for each in self._keyframes if each <= sequence), default=None)

    def behind(self, sequence: int, max_lag: int) -> Lost | None:
        """Return what a cursor at ``sequence`` must skip, or None.

        The cursor continues at ``lost.to_sequence + 1``, a keyframe.
        """
        if not self._keyframes:
            return None
        keyframe = self._keyframes[-1]
        fallen_off = sequence < self.first_sequence
        lagging = self.next_sequence - sequence > max_lag and keyframe > sequence
        return self.lost(sequence, keyframe - 1) if fallen_off or lagging else None

    def lost(self, first: int, last: int) -> Lost:
        """Return what a cursor at ``first`` misses up to ``last``, and why."""
        return Lost(first, last, "source" if first < self.hole_end else "slow_client")

    def _drop_before(self, sequence: int) -> None:
        while self._entries and self._entries[0].fragment.sequence < sequence:
            self.dropped_order = self._entries.popleft().order
            self.dropped += 1
        while self._keyframes and self._keyframes[0] < sequence:
            self._keyframes.popleft()
