"""Fragments: encoded frames of one channel, ready to be released, cached and sent."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from streamlab.core.channels import ChannelKey
from streamlab.core.h264.parameter_sets import ParameterSets
from streamlab.core.mp4.box import Sample, init_segment, media_segment
from streamlab.core.time.timebase import ms_to_pts

WireBox = list[float | str | int | None]
"""One detection: ``[x1, y1, x2, y2, class_name, score, track_id]``, px of the captured frame."""


class Boxes(NamedTuple):
    """The detections drawn on a frame, and the pts of the frame they were computed on."""

    detections_pts: int | None
    rows: list[WireBox]
    decided_ns: int | None = None
    """When these detections were chosen for the frame, monotonic."""
    redacted: bool = False
    """True if a renderer that redacts has drawn the frame, or it was withheld."""


class EncodedFrame(NamedTuple):
    """Metadata of one encoded frame; its bytes are in the fragment.

    ``captured_ns`` and ``ready_ns`` are monotonic, ``captured_at`` is wall time, Unix seconds.
    """

    pts: int
    duration: int
    keyframe: bool
    size_bytes: int
    captured_ns: int
    captured_at: float
    ready_ns: int
    boxes: Boxes | None = None


@dataclass(frozen=True, slots=True)
class InitSegment:
    """What a decoder needs before the first fragment; ``init_id`` is a hash of ``data``."""

    key: ChannelKey
    codec: str
    width: int
    height: int
    fps: float
    data: bytes
    init_id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "init_id", hashlib.sha256(self.data).hexdigest()[:12])

    @classmethod
    def of(
        cls, key: ChannelKey, sets: ParameterSets, width: int, height: int, fps: float
    ) -> InitSegment:
        """Return the init segment of an H.264 track of this size, px."""
        return cls(key, sets.codec, width, height, fps, init_segment(sets, width, height))


@dataclass(eq=False, slots=True)
class Fragment:
    """``moof`` + ``mdat`` of one channel and quality, with the metadata of its frames.

    Only ``members`` and ``payload`` are set after creation. ``frozen`` would make creation four
    times as expensive, and a replay creates very many fragments.
    """

    key: ChannelKey
    sequence: int
    init_id: str
    frames: tuple[EncodedFrame, ...]
    data: bytes
    members: bytes = b""
    """JSON members of its event that are known before its release; empty if no event is sent."""
    payload: bytes = b""
    """``data`` in base64 while the fragment is new; emptied later."""

    @property
    def pts(self) -> int:
        """The pts of its first frame, equal to its ``tfdt``."""
        return self.frames[0].pts

    @property
    def duration(self) -> int:
        """The total duration of its frames, ticks of 1/90000 s."""
        return sum(frame.duration for frame in self.frames)

    @property
    def keyframe(self) -> bool:
        """True if it starts with an IDR."""
        return self.frames[0].keyframe

    @property
    def is_redacted(self) -> bool:
        """True if all its frames are redacted."""
        return all(frame.boxes is not None and frame.boxes.redacted for frame in self.frames)

    @property
    def ready_ns(self) -> int:
        """When its last frame was encoded, monotonic."""
        return self.frames[-1].ready_ns


class FragmentWriter:
    """Groups encoded frames into fragments of ``fragment_ms`` (0: one frame each).

    A fragment ends with the frame that fills it, so it is complete as soon as that frame is
    encoded. These cuts follow from pts alone, so they are the same in every channel and quality;
    a keyframe starts a new fragment as well.
    """

    def __init__(self, key: ChannelKey, fragment_ms: float, *, first_sequence: int = 1) -> None:
        self.key = key
        self.next_sequence = first_sequence
        self._span = max(1, ms_to_pts(fragment_ms))
        self._pending: list[tuple[EncodedFrame, bytes]] = []
        self._init_id = ""  # of the pending frames

    def receive_frame(self, frame: EncodedFrame, data: bytes, init_id: str) -> Iterator[Fragment]:
        """Add a frame; yield the fragments that it completes, in order: none, one or two."""
        if frame.keyframe and self._pending:
            yield self._cut()
        self._pending.append((frame, data))
        self._init_id = init_id
        if (frame.pts + frame.duration) // self._span > frame.pts // self._span:
            yield self._cut()

    def skip(self) -> None:
        """Drop pending frames and leave a hole in the sequence: frames were lost."""
        self._pending.clear()
        self.next_sequence += 1

    def _cut(self) -> Fragment:
        pending, self._pending = self._pending, []
        sequence, self.next_sequence = self.next_sequence, self.next_sequence + 1
        frames = tuple(frame for frame, _ in pending)
        samples = [Sample(data, frame.duration, frame.keyframe) for frame, data in pending]
        segment = media_segment(sequence, frames[0].pts, samples)
        return Fragment(self.key, sequence, self._init_id, frames, segment)


def to_base64(data: bytes) -> bytes:
    """Return the bytes in base64 (RFC 4648, section 4), without line breaks."""
    return binascii.b2a_base64(data, newline=False)
