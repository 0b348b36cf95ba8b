"""What was delivered of each frame, and when: kept as it comes, judged afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.measure.decode import StripReader
from benchmarks.measure.event import TICKS_PER_S, parse_event, read_avcc, read_media
from benchmarks.measure.reader import Arrival

CHANNELS = ("raw", "annotated")
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """A frame of one channel, as it arrived."""

    at_ns: int
    at_s: float
    captured_at: float
    released_at: float
    cached: bool
    detections_pts: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """A `sync` event: what it said, s after the first frame."""

    at_s: float
    data: dict[str, Any]


@dataclass(slots=True)
class Ledger:
    """Takes every event of a connection. ``strip``: whether pictures carry the truth strip."""

    strip: bool
    deliveries: dict[str, dict[int, Delivery]] = field(
        default_factory=lambda: {channel: {} for channel in CHANNELS}
    )
    numbers: dict[str, dict[int, int | None]] = field(
        default_factory=lambda: {channel: {} for channel in CHANNELS}
    )
    """What the truth strip of a picture says, by the picture's pts."""
    syncs: list[Told] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Events by name, and what must not be: sequence holes, fragments whose tfdt is not pts."""
    fps: float = 0.0
    tolerance_ms: float = 0.0
    began_ns: int = 0
    _readers: dict[str, StripReader] = field(
        default_factory=lambda: {channel: StripReader() for channel in CHANNELS}
    )
    _next_sequence: dict[tuple[str, str], int] = field(default_factory=dict)

    def receive(self, arrival: Arrival) -> None:
        """Take the next event."""
        name, data = parse_event(arrival.event)
        self.counts[name] += 1
        match name:
            case "connected":
                self.tolerance_ms = data["sync_tolerance_ms"]
            case "init":
                self.fps = data["fps"]
                self._readers[data["channel"]].receive_init(read_avcc(data["data"]))
            case "fragment":
                self._receive_fragment(data, arrival)
            case "gap":
                self._next_sequence.pop((data["channel"], data["quality"]), None)
            case "sync":
                self.syncs.append(Told(self.seconds(arrival.at_ns), data))

    def seconds(self, at_ns: int) -> float:
        """Return how long after the first live frame this was, s."""
        return (at_ns - self.began_ns) / NS_PER_S if self.began_ns else 0.0

    def number_of(self, pts: int) -> int:
        """Return the number of the frame of that pts at a constant rate."""
        return round(pts * self.fps / TICKS_PER_S)

    def _receive_fragment(self, data: dict[str, Any], arrival: Arrival) -> None:
        channel, media = data["channel"], read_media(data["data"])
        self._check_sequence((channel, data["quality"]), data["sequence"])
        self.counts["tfdt_is_not_pts"] += media.tfdt != data["pts"]
        if not data["cached"] and not self.began_ns:
            self.began_ns = arrival.at_ns
        self.deliveries[channel][media.tfdt] = Delivery(
            arrival.at_ns,
            arrival.at_s,
            data["captured_at"],
            data["released_at"],
            data["cached"],
            data["frames"][0].get("detections_pts"),
        )
        if self.strip:
            read = self._readers[channel].receive_sample(media.sample, media.tfdt)
            self.numbers[channel].update(read)

    def _check_sequence(self, key: tuple[str, str], sequence: int) -> None:
        self.counts["sequence_holes"] += self._next_sequence.get(key, sequence) != sequence
        self._next_sequence[key] = sequence + 1
