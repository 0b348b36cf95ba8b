"""The GOP cache of one channel and quality, and the cursors that read it.

Rules:

- the ring holds the newest two GOPs; when a third begins, the oldest is dropped whole;
- a GOP longer than ``max_fragments`` loses its head, and nobody can join until the next one;
- a cursor joins at a keyframe only; one that lags by more than ``max_lag`` fragments, or has
  fallen off the ring, jumps to the newest keyframe, and what it missed is a gap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from streamlab.core.fragment import Fragment

GOPS = 2


@dataclass(frozen=True)
class Released:
    """A fragment that has left the server's hands: ``order`` counts over a camera's channels."""

    fragment: Fragment
    released_at: float
    order: int

    @cached_property
    def live_event(self) -> bytes:
        """The bytes of its event for those who were there; shared by all of them."""
        return self._event("false")

    @cached_property
    def cached_event(self) -> bytes:
        """The bytes of its event for those who join later; shared by all of them."""
        return self._event("true")

    def _event(self, cached: str) -> bytes:
        fragment = self.fragment
        head = f"id: {fragment.key.channel}/{fragment.key.quality}/{fragment.sequence}\n"
        tail = f',"released_at":{self.released_at:.6f},"cached":{cached}}}\n\n'
        return b"".join((head.encode(), b"event: fragment\ndata: {", fragment.body, tail.encode()))


@dataclass(frozen=True, slots=True)
class Lost:
    """The sequences, both inclusive, that a cursor will not get."""

    from_sequence: int
    to_sequence: int


class Ring:
    """The newest two GOPs of one channel and quality."""

    def __init__(self, max_fragments: int) -> None:
        if max_fragments < 1:
            raise ValueError(f"a ring holds at least one fragment, got {max_fragments}")
        self.max_fragments = max_fragments
        self.dropped = 0
        self.peak = 0
        self._entries: deque[Released] = deque()
        self._keyframes: deque[int] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def append(self, entry: Released) -> None:
        """Add the next fragment; its sequence follows the last one's."""
        if entry.fragment.keyframe:
            self._keyframes.append(entry.fragment.sequence)
            if len(self._keyframes) > GOPS:
                self._keyframes.popleft()
                self._drop_before(self._keyframes[0])
        self._entries.append(entry)
        if len(self._entries) > self.max_fragments:
            self._drop_before(self.first_sequence + 1)
        self.peak = max(self.peak, len(self._entries))

    def clear(self) -> None:
        """Forget all: the encoder behind the ring has stopped."""
        self._entries.clear()
        self._keyframes.clear()

    @property
    def first_sequence(self) -> int:
        """The oldest sequence held."""
        return self._entries[0].fragment.sequence

    @property
    def newest(self) -> Released | None:
        """The newest fragment held."""
        return self._entries[-1] if self._entries else None

    @property
    def keyframes(self) -> list[Released]:
        """The fragments held at which a viewer can join, oldest first."""
        return [self._entries[sequence - self.first_sequence] for sequence in self._keyframes]

    def since(self, sequence: int) -> Iterator[Released]:
        """Yield the fragments from this sequence on, which must not have been dropped."""
        for index in range(sequence - self.first_sequence, len(self._entries)):
            yield self._entries[index]

    def behind(self, sequence: int, max_lag: int) -> Lost | None:
        """Return what a cursor that wants ``sequence`` next must give up, or None.

        The cursor goes on at ``lost.to_sequence + 1``, a keyframe.
        """
        if not self._keyframes:
            return None
        newest, keyframe = self._entries[-1].fragment.sequence, self._keyframes[-1]
        fallen_off = sequence < self.first_sequence
        lagging = newest + 1 - sequence > max_lag and keyframe > sequence
        return Lost(sequence, keyframe - 1) if fallen_off or lagging else None

    def _drop_before(self, sequence: int) -> None:
        while self._entries and self._entries[0].fragment.sequence < sequence:
            self._entries.popleft()
            self.dropped += 1
        while self._keyframes and self._keyframes[0] < sequence:
            self._keyframes.popleft()
