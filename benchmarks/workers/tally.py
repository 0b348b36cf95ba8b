"""What viewers were sent: counted and timed from the bytes of each event."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field

from streamlab.core.stats import nearest_rank

NS_PER_MS = 1_000_000
_FRAGMENT = re.compile(
    rb'event: fragment\ndata: \{"channel":"(\w+)".*?"sequence":(\d+),.*?"pts":(\d+)', re.DOTALL
)
_GAP = re.compile(rb'event: gap\ndata: \{"channel":"(\w+)".*"reason":"(\w+)"')
_RECONNECTING = b'event: source\ndata: {"state":"reconnecting"'
_CACHED = b'"cached":true'
_TAIL_BYTES = 200


@dataclass(slots=True)
class Tally:
    """What the viewers of a camera were sent since counting began."""

    viewers: int = 0
    fragments: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    """Events that report missing fragments, by reason."""
    holes: int = 0
    """Missing fragments that no ``gap`` has reported."""
    repeated: int = 0
    """Fragments that came twice, or whose sequence or PTS went back."""
    reconnecting: int = 0
    """``source`` events of this state."""
    pauses_ms: array[float] = field(default_factory=lambda: array("f"))
    """From such an event to the next live fragment."""
    drifts_ms: array[float] = field(default_factory=lambda: array("f"))
    """How far apart the two channels of a frame arrived."""

    def add(self, other: Tally) -> None:
        """Add what other viewers were sent."""
        for name in ("viewers", "fragments", "holes", "repeated", "reconnecting"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.gaps.update(other.gaps)
        self.pauses_ms.extend(other.pauses_ms)
        self.drifts_ms.extend(other.drifts_ms)


def spread(values: array[float]) -> dict[str, float]:
    """Return p50, p99, p99.9 and the maximum; nothing if there are no values."""
    ordered = sorted(values)
    if not ordered:
        return {}
    ranks = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    return {name: round(nearest_rank(ordered, rank), 1) for name, rank in ranks.items()}


class ViewerEvents:
    """Takes the events of one viewer, who watches both channels."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._last: dict[bytes, tuple[int, int]] = {}  # sequence and pts by channel
        self._first_half: dict[int, tuple[bytes, int]] = {}  # frames of which one channel came
        self._lost_ns = 0

    @property
    def has_picture(self) -> bool:
        """Return True once a fragment has come."""
        return bool(self._last)

    def receive(self, event: bytes, now_ns: int) -> None:
        """Take an event whose last byte was read at ``now_ns``."""
        if (found := _FRAGMENT.search(event, 0, 400)) is not None:
            channel, sequence, pts = found[1], int(found[2]), int(found[3])
            self._check(channel, sequence, pts)
            if event.find(_CACHED, len(event) - _TAIL_BYTES) < 0:
                self._receive_live(channel, pts, now_ns)
        elif (found := _GAP.match(event)) is not None:
            self.tally.gaps[found[2].decode()] += 1
            self._last.pop(found[1], None)
            self._first_half.clear()
        elif event.startswith(_RECONNECTING):
            self.tally.reconnecting += 1
            self._lost_ns = self._lost_ns or now_ns

    def _check(self, channel: bytes, sequence: int, pts: int) -> None:
        before = self._last.get(channel)
        if before is not None:
            self.tally.repeated += sequence <= before[0] or pts <= before[1]
            self.tally.holes += max(0, sequence - before[0] - 1)
        self._last[channel] = sequence, pts

    def _receive_live(self, channel: bytes, pts: int, now_ns: int) -> None:
        self.tally.fragments += 1
        if self._lost_ns:
            self.tally.pauses_ms.append((now_ns - self._lost_ns) / NS_PER_MS)
            self._lost_ns = 0
            self._first_half.clear()  # their other halves were lost
        first = self._first_half.pop(pts, None)
        if first is None:
            self._first_half[pts] = channel, now_ns
        else:
            self.tally.drifts_ms.append((now_ns - first[1]) / NS_PER_MS)
