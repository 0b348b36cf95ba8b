"""Describes a container: its streams, and the one that is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

import av

from streamlab.core.time.timebase import TIMESCALE, to_pts
from streamlab.media.container import ContainerSource
from streamlab.media.snapshot_source import SnapshotSource
from streamlab.media.source import Source
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.media.stream_selection import has_decoder, is_cover, is_default, selection_reason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

MAX_STREAMS = 64
MAX_TEXT_CHARS = 120
_PLAYLISTS = ("hls", "dash")


class Kind(StrEnum):
    """The kind of a source in a report."""

    FILE = "file"
    """A recording, also one served over HTTP."""
    LIVE = "live"
    HLS = "hls"
    """A live playlist (HLS or DASH), fetched a segment at a time."""
    SNAPSHOT = "snapshot"
    """An address that answers with one picture per request."""
    WEBCAM = "webcam"
    SYNTHETIC = "synthetic"
    PLUGIN = "plugin"
    """Of any other kind, such as one from an installed package."""


@dataclass(frozen=True, slots=True)
class StreamReport:
    """One stream of a container. Sizes are as stored, px; None if it is not video."""

    index: int
    kind: str
    """``video``, ``audio``, ``subtitle``, ``data`` or ``attachment``."""
    codec: str | None
    width: int | None
    height: int | None
    language: str | None
    title: str | None
    cover: bool
    default: bool


@dataclass(frozen=True, slots=True)
class StreamsReport:
    """A source and its streams; ``streams`` is empty if there is no container."""

    kind: Kind
    container: str | None
    duration_s: float | None
    streams: tuple[StreamReport, ...]
    chosen_stream: int | None
    """Index of the stream that is shown."""
    chosen_because: str | None
    codec: str
    profile: str | None
    pictures_end_s: float | None
    """Duration of the shown stream, if the container states it."""

    @classmethod
    def of(cls, source: Source, spec: SourceSpec) -> StreamsReport:
        """Describe an open source."""
        kind, codec = kind_of(source, spec), source.info.codec
        if not isinstance(source, ContainerSource):
            return cls(kind, None, None, (), None, None, codec, None, None)
        container, chosen = source.container, source.stream
        return cls(
            kind=kind,
            container=container.format.long_name,
            duration_s=_duration_s(container) if kind is Kind.FILE else None,
            streams=tuple(_streams(container, spec)),
            chosen_stream=chosen.index,
            chosen_because=selection_reason(container.streams.video, chosen, spec.video_stream),
            codec=codec,
            profile=chosen.codec_context.profile or None,
            pictures_end_s=_end_s(chosen),
        )

    @property
    def sound(self) -> tuple[StreamReport, ...]:
        """The audio streams, none of which is used."""
        return tuple(stream for stream in self.streams if stream.kind == "audio")


def kind_of(source: Source, spec: SourceSpec) -> Kind:
    """Return the kind of an open source."""
    if spec.kind is SourceKind.SYNTHETIC:
        return Kind.SYNTHETIC
    if spec.kind is SourceKind.WEBCAM:
        return Kind.WEBCAM
    if isinstance(source, SnapshotSource):
        return Kind.SNAPSHOT
    if not isinstance(source, ContainerSource):
        return Kind.PLUGIN
    if source.info.live and source.info.pulled:
        is_playlist = source.container.format.name.startswith(_PLAYLISTS)
        return Kind.HLS if is_playlist else Kind.FILE  # that arrives faster than it plays
    return Kind.LIVE if source.info.live else Kind.FILE


def _duration_s(container: InputContainer) -> float | None:
    return container.duration / av.time_base if container.duration else None


def _streams(container: InputContainer, spec: SourceSpec) -> Iterator[StreamReport]:
    for stream in islice(container.streams, MAX_STREAMS):
        picture = stream if isinstance(stream, av.VideoStream) and has_decoder(stream) else None
        yield StreamReport(
            index=stream.index,
            kind=stream.type,
            codec=_codec(stream),
            width=None if picture is None else picture.width,
            height=None if picture is None else picture.height,
            language=_text(stream.metadata.get("language"), spec),
            title=_text(stream.metadata.get("title"), spec),
            cover=is_cover(stream),
            default=is_default(stream),
        )


def _codec(stream: Stream) -> str | None:
    # A data stream has no decoder.
    context = getattr(stream, "codec_context", None)
    return None if context is None else context.name


def _text(text: str | None, spec: SourceSpec) -> str | None:
    """Return third-party text for a terminal: short, without control characters or credentials."""
    if not text or text == "und":
        return None
    shown = "".join(char if char.isprintable() else "?" for char in text[:MAX_TEXT_CHARS])
    return spec.scrub(shown)


def _end_s(stream: av.VideoStream) -> float | None:
    if not stream.duration or stream.time_base is None:
        return None
    return to_pts(stream.duration, stream.time_base) / TIMESCALE
