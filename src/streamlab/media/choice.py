"""Which of a container's video streams is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from av.stream import Disposition

from streamlab.errors import SourceFormatError

if TYPE_CHECKING:
    import av
    from av.container import InputContainer


def choose_video_stream(
    container: InputContainer, display: str, wanted: int | None = None
) -> av.VideoStream:
    """Return the film: no cover picture, the default stream first, then the largest picture.

    ``wanted`` counts the container's video streams from 0, cover pictures included, and settles
    it. Raises SourceFormatError when there is no such stream; ``display`` names the source.
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


def _rank(stream: av.VideoStream) -> tuple[bool, bool, int]:
    """Rank films before cover pictures, then the default one, then by area, px."""
    cover = bool(stream.disposition & Disposition.attached_pic)
    return not cover, bool(stream.disposition & Disposition.default), stream.width * stream.height
