"""Fragments: what an encoder made, ready to be released, cached and sent."""

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
"""``[x1, y1, x2, y2, class_name, score, track_id]``, px of the captured frame."""


class Boxes(NamedTuple):
    """What was drawn on a frame: the boxes, and the pts of the frame they were computed on."""

    detections_pts: int | None
    rows: list[WireBox]
    decided_ns: int | None = None
    """When it was decided that these are drawn, monotonic."""


class EncodedFrame(NamedTuple):
    """One frame as it left an encoder; its bytes lie in the fragment.

    ``ready_ns`` is monotonic, ``captured_at`` wall time.
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
    """What a decoder needs before the first fragment; ``init_id`` names these very bytes."""

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
        """Make the init segment of an H.264 track of this size, px."""
        return cls(key, sets.codec, width, height, fps, init_segment(sets, width, height))


@dataclass(eq=False, slots=True)
class Fragment:
    """``moof`` + ``mdat`` of one channel and quality, with what is said about its frames.

    Whoever finishes it adds ``members`` and ``payload``; otherwise it does not change. ``frozen``
    would make it four times as expensive, and a replay makes very many.
    """

    key: ChannelKey
    sequence: int
    init_id: str
    frames: tuple[EncodedFrame, ...]
    data: bytes
    members: bytes = b""
    """The JSON members of its event that are known before its release; empty if none is sent."""
    payload: bytes = b""
    """``data`` in base64 while the fragment is new; afterwards empty."""

    @property
    def pts(self) -> int:
        """The pts of its first frame; ``tfdt`` is the same."""
        return self.frames[0].pts

    @property
    def duration(self) -> int:
        """How long its frames are shown, ticks."""
        return sum(frame.duration for frame in self.frames)

    @property
    def keyframe(self) -> bool:
        """Whether it starts with an IDR."""
        return self.frames[0].keyframe

    @property
    def ready_ns(self) -> int:
        """When its last frame was encoded."""
        return self.frames[-1].ready_ns


class FragmentWriter:
    """Gathers encoded frames into fragments of ``fragment_ms`` (0: one frame each).

    A fragment ends with the frame that fills it, so it is out as soon as that frame is encoded.
    The cuts follow from pts alone and so are the same in every channel and quality.
    """

    def __init__(self, key: ChannelKey, fragment_ms: float, *, first_sequence: int = 1) -> None:
        self.key = key
        self.next_sequence = first_sequence
        self._span = max(1, ms_to_pts(fragment_ms))
        self._pending: list[tuple[EncodedFrame, bytes]] = []
        self._init_id = ""  # of those pending

    def receive_frame(self, frame: EncodedFrame, data: bytes, init_id: str) -> Iterator[Fragment]:
        """Yield the fragments that this frame completes, in order: none, one or two."""
        if frame.keyframe and self._pending:
            yield self._cut()
        self._pending.append((frame, data))
        self._init_id = init_id
        if (frame.pts + frame.duration) // self._span > frame.pts // self._span:
            yield self._cut()

    def _cut(self) -> Fragment:
        pending, self._pending = self._pending, []
        sequence, self.next_sequence = self.next_sequence, self.next_sequence + 1
        frames = tuple(frame for frame, _ in pending)
        samples = [Sample(data, frame.duration, frame.keyframe) for frame, data in pending]
        segment = media_segment(sequence, frames[0].pts, samples)
        return Fragment(self.key, sequence, self._init_id, frames, segment)


def to_base64(data: bytes) -> bytes:
    """Return the bytes in base64 (RFC 4648, 4), on one line."""
    return binascii.b2a_base64(data, newline=False)
