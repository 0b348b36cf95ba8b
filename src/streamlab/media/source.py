"""The interface of a source of video. Each source has one reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Protocol

import av

from streamlab.errors import SourceFormatError
from streamlab.media.spec import SourceSpec

OPEN_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Properties of a source. Sizes are those of its captured frames, px."""

    codec: str
    width: int
    height: int
    fps: Fraction
    live: bool
    """Frames come in real time; otherwise it is a recording, paced by its timestamps."""
    pulled: bool = False
    """Live, but fetched on demand (HLS, DASH, chunked files): it can wait until a frame is due."""
    reserved_rows: int = 0
    """Rows at the top that no channel may draw over (the truth strip), px."""


class SourceFrame(NamedTuple):
    """One frame as a source yields it."""

    frame: av.VideoFrame
    """``yuv420p``, even size, upright."""
    stamp: int | None
    """The source's timestamp, ticks of 1/90000 s from an arbitrary origin; None if it has none."""
    keyframe: bool
    packet: bytes | None = None
    """The H.264 access unit it was decoded from, as the source carried it, if available."""
    extradata: bytes | None = None
    """New parameter sets that the container gave before it; None if unchanged."""
    objection: str = ""
    """Why this frame cannot be passed through as stored, or ''."""
    duration: int | None = None
    """How long it is shown, ticks; None if the source does not state it (files do)."""
    restart: bool = False
    """Timestamps start anew here: a file starts over."""
    decoded: av.VideoFrame | None = None
    """The frame as decoded, before it was made upright with square pixels."""


class SinglePictureError(SourceFormatError):
    """Raised if an address gives one picture, not a stream; ``codec`` is FFmpeg's name."""

    def __init__(self, spec: SourceSpec, codec: str) -> None:
        super().__init__(f"{spec.display} gives one picture only")
        self.codec = codec


class Source(Protocol):
    """An open source."""

    @property
    def info(self) -> SourceInfo:
        """Properties of the source."""
        ...

    @property
    def extradata(self) -> bytes | None:
        """H.264 parameter sets, empty if they are only in band; None if the codec is not H.264."""
        ...

    @property
    def reorders(self) -> bool:
        """True if frames leave the decoder in another order than they arrived (B-frames)."""
        ...

    def frames(self) -> Iterator[SourceFrame]:
        """Yield frames until the source ends. Raises SourceError when it fails."""
        ...

    def stop(self) -> None:
        """Make ``frames`` end soon, even while no frame arrives. May be called from any thread."""
        ...

    def close(self) -> None:
        """Release what the source holds."""
        ...
