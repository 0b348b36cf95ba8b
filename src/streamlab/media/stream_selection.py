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
    included. Raises SourceFormatError if there is no such stream, or it cannot be decoded;
    ``display`` names the source.
    """
    streams = container.streams.video
    if not streams:
        raise SourceFormatError(
            f"{display} has no video stream",
            hint="Sound alone cannot be shown; name a source with pictures.",
        )
    if wanted is not None and not 0 <= wanted < len(streams):
        raise SourceFormatError(
            f"{display} has no video stream {wanted}",
            hint=f"It has {len(streams)}, numbered from 0.",
        )
    chosen = max(streams, key=_rank) if wanted is None else streams[wanted]  # the first of equals
    if not has_decoder(chosen):
        raise SourceFormatError(
            f"the video of {display} is in a format that cannot be decoded",
            hint="It may be damaged; if not, let the camera send H.264.",
        )
    return chosen


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


def has_decoder(stream: av.stream.Stream) -> bool:
    """Return True if FFmpeg can decode a stream; PyAV gives any other no codec context."""
    return getattr(stream, "codec_context", None) is not None


def is_cover(stream: av.stream.Stream) -> bool:
    """Return True if a stream is a cover picture."""
    return bool(stream.disposition & Disposition.attached_pic)


def is_default(stream: av.stream.Stream) -> bool:
    """Return True if a stream is marked to be played by default."""
    return bool(stream.disposition & Disposition.default)


def _rank(stream: av.VideoStream) -> tuple[bool, bool, bool, int]:
    """Rank what cannot be decoded last, then cover pictures, the default first, then by area."""
    return has_decoder(stream), not is_cover(stream), is_default(stream), _area_px(stream)


def _area_px(stream: av.VideoStream) -> int:
    return stream.width * stream.height if has_decoder(stream) else 0
