"""A media playlist of HLS with parts (RFC 8216bis, 4.4 and 6.2.5.2), made of fragments. Pure.

A segment is a GOP, a part a few fragments of it; nothing is encoded or wrapped anew.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

TICKS_PER_S = 90_000
MAX_SEGMENTS = 6  # older ones are forgotten; a client that wants them gets 404
SEGMENTS_WITH_PARTS = 3


@dataclass(slots=True)
class Part:
    """Some fragments, whole."""

    data: bytes
    ticks: int
    independent: bool


@dataclass(slots=True)
class Segment:
    """A GOP, as far as it has come."""

    number: int
    parts: list[Part] = field(default_factory=list)

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return b"".join(part.data for part in self.parts)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return sum(part.ticks for part in self.parts) / TICKS_PER_S


class Playlist:
    """What has come of a stream, as parts and segments."""

    def __init__(self, fps: float, *, part_frames: int, gop_s: float) -> None:
        self._part_ticks = round(part_frames * TICKS_PER_S / fps)
        self._gop_s = gop_s
        self._segments: deque[Segment] = deque(maxlen=MAX_SEGMENTS)
        self._waiting: list[tuple[bytes, int, bool]] = []

    def receive(self, data: bytes, ticks: int, *, keyframe: bool) -> bool:
        """Take the next fragment; return whether a part became whole. The first is a keyframe."""
        grown = False
        if keyframe:
            grown = self._end_part()
            number = self._segments[-1].number + 1 if self._segments else 0
            self._segments.append(Segment(number))
        self._waiting.append((data, ticks, keyframe))
        if sum(ticks for _, ticks, _ in self._waiting) >= self._part_ticks:
            grown = self._end_part()
        return grown

    def segment(self, number: int) -> Segment | None:
        """Return a segment that is held, or None."""
        return next((each for each in self._segments if each.number == number), None)

    def has(self, number: int, part: int) -> bool:
        """Return whether this part, or a later one, is there (`_HLS_msn`, `_HLS_part`)."""
        if not self._segments:
            return False
        newest = self._segments[-1]
        return newest.number > number or (newest.number == number and len(newest.parts) > part)

    def text(self, *, low_latency: bool) -> str:
        """Return the playlist, with the parts of the newest segments or without any."""
        part_s = self._part_ticks / TICKS_PER_S
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:9",
            f"#EXT-X-TARGETDURATION:{max(1, round(self._gop_s))}",
        ]
        if low_latency:
            held_back = f"PART-HOLD-BACK={3 * part_s:.3f}"
            lines.append(f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,{held_back}")
            lines.append(f"#EXT-X-PART-INF:PART-TARGET={part_s:.3f}")
        first = self._segments[0].number if self._segments else 0
        lines += [f"#EXT-X-MEDIA-SEQUENCE:{first}", '#EXT-X-MAP:URI="init.mp4"']
        for segment in self._segments:
            ago = self._segments[-1].number - segment.number
            if low_latency and ago < SEGMENTS_WITH_PARTS:
                lines += self._parts(segment)
            if ago:
                lines += [f"#EXTINF:{segment.seconds:.5f},", f"{segment.number}.m4s"]
        return "\n".join(lines) + "\n"

    def _parts(self, segment: Segment) -> list[str]:
        return [
            f"#EXT-X-PART:DURATION={part.ticks / TICKS_PER_S:.5f},"
            f'URI="{segment.number}.{index}.m4s"' + (",INDEPENDENT=YES" if part.independent else "")
            for index, part in enumerate(segment.parts)
        ]

    def _end_part(self) -> bool:
        if not self._waiting:
            return False
        data, ticks, keyframes = zip(*self._waiting, strict=True)
        self._waiting = []
        self._segments[-1].parts.append(Part(b"".join(data), sum(ticks), keyframes[0]))
        return True
