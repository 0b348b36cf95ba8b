"""Sources: things that pictures come out of, one reader each."""

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
    """What a source says of itself. Sizes are those of its pictures as captured, px."""

    codec: str
    width: int
    height: int
    fps: Fraction
    live: bool
    """Its pictures come when they come; else it is a recording, paced by its time stamps."""
    pulled: bool = False
    """Live, but fetched a segment at a time (HLS, DASH): it can wait until a frame is due."""
    reserved_rows: int = 0
    """Rows at the top that no channel may draw over (the truth strip), px."""


class SourceFrame(NamedTuple):
    """One picture as it leaves a source."""

    frame: av.VideoFrame
    """``yuv420p``, even size, upright."""
    stamp: int | None
    """The source's own time, ticks of 1/90000 s, from wherever it counts."""
    keyframe: bool
    packet: bytes | None = None
    """The H.264 access unit it was decoded from, as the source carried it, if there is one."""
    extradata: bytes | None = None
    """Parameter sets that the container gave before it, where they are others than before."""
    objection: str = ""
    """Why this picture cannot be passed through as it is stored, or ''."""
    duration: int | None = None
    """How long it is shown, ticks, where the source says so (a file does)."""
    restart: bool = False
    """Stamps begin anew here: a file starts over."""
    decoded: av.VideoFrame | None = None
    """The picture as its decoder gave it, before it was made upright and square."""


class SinglePictureError(SourceFormatError):
    """An address gives one picture, in this codec of FFmpeg's, instead of a stream."""

    def __init__(self, spec: SourceSpec, codec: str) -> None:
        super().__init__(f"{spec.display} gives one picture only")
        self.codec = codec


class Source(Protocol):
    """An open source."""

    @property
    def info(self) -> SourceInfo:
        """What it is."""
        ...

    @property
    def extradata(self) -> bytes | None:
        """H.264 parameter sets, empty when they come in band only; None: it is not H.264."""
        ...

    @property
    def reorders(self) -> bool:
        """Whether its pictures leave the decoder in another order than they came (B-frames)."""
        ...

    def frames(self) -> Iterator[SourceFrame]:
        """Yield its pictures until it ends. Raises SourceError when it fails."""
        ...

    def stop(self) -> None:
        """Have ``frames`` end soon, also while no picture comes. May be called from any thread."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...
