"""Selects which of a container's video streams is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from av.stream import Disposition

from streamlab.errors import SourceFormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import av
    import av.stream
    from av.container import InputContainer


def choose_video_stream(
    container: InputContainer, display: str, wanted: int | None = None
) -> av.VideoStream:
    """Return the video stream to show: no cover picture, then the default one, then the largest.

    ``wanted`` overrides this; it counts the container's video streams from 0, cover pictures
    included. Raises SourceFormatError if there is no such stream; ``display`` names the source.
    """
    streams = container.streams.video
    if not streams:
        raise SourceFormatError(
            f"{display} has no video stream",
            hint="Sound alone cannot be shown; name a source with pictures.",
        )
    if wanted is None:
        return max(streams, key=_rank)  # the first of equals
    if not 0 <= wanted < len(streams):
        raise SourceFormatError(
            f"{display} has no video stream {wanted}",
            hint=f"It has {len(streams)}, numbered from 0.",
        )
    return streams[wanted]


def selection_reason(
    streams: Sequence[av.VideoStream], chosen: av.VideoStream, wanted: int | None = None
) -> str:
    """Return why ``choose_video_stream`` chose this one of a container's video streams."""
    if wanted is not None:
        return f"asked for with #video={wanted}"
    others = [stream for stream in streams if stream.index != chosen.index]
    films = [stream for stream in others if not is_cover(stream)]
    if not others:
        return "the only video stream"
    if not films and not is_cover(chosen):
        return "the only video stream that is no cover picture"
    if is_default(chosen) and not any(map(is_default, films)):
        return "marked as the default"
    is_largest = _area_px(chosen) > max(map(_area_px, films or others))
    return "the largest picture" if is_largest else "the first of equals"


def is_cover(stream: av.stream.Stream) -> bool:
    """Return True if a stream is a cover picture."""
    return bool(stream.disposition & Disposition.attached_pic)


def is_default(stream: av.stream.Stream) -> bool:
    """Return True if a stream is marked to be played by default."""
    return bool(stream.disposition & Disposition.default)


def _rank(stream: av.VideoStream) -> tuple[bool, bool, int]:
    """Rank cover pictures last, then the default stream first, then by area, px."""
    return not is_cover(stream), is_default(stream), _area_px(stream)


def _area_px(stream: av.VideoStream) -> int:
    return stream.width * stream.height
