"""Sources: things that pictures come out of, one reader each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import av

from streamlab.media.spec import SourceKind, SourceSpec


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


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """One picture as it leaves a source."""

    frame: av.VideoFrame
    """``yuv420p``, even size, upright."""
    stamp: int | None
    """The source's own time, ticks of 1/90000 s, from wherever it counts."""
    keyframe: bool
    packet: bytes | None = None
    """The H.264 access unit it was decoded from, as the source carried it, if there is one."""
    duration: int | None = None
    """How long it is shown, ticks, where the source says so (a file does)."""
    restart: bool = False
    """Stamps begin anew here: a file starts over."""
    decoded: av.VideoFrame | None = None
    """The picture as its decoder gave it, before it was made upright and square."""


class Source(Protocol):
    """An open source."""

    @property
    def info(self) -> SourceInfo:
        """What it is."""
        ...

    @property
    def extradata(self) -> bytes | None:
        """H.264 parameter sets, when it carries H.264 that might be passed through."""
        ...

    @property
    def reorders(self) -> bool:
        """Whether its pictures leave the decoder in another order than they came (B-frames)."""
        ...

    def frames(self) -> Iterator[SourceFrame]:
        """Yield its pictures until it ends. Raises SourceError when it fails."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


def open_source(spec: SourceSpec) -> Source:
    """Open a source: blocks until its first picture is known. Raises SourceError."""
    if spec.kind is SourceKind.SYNTHETIC:
        from streamlab.media.synthetic import SyntheticSource  # noqa: PLC0415

        return SyntheticSource(spec)
    from streamlab.media.container import ContainerSource  # noqa: PLC0415

    return ContainerSource(spec)
