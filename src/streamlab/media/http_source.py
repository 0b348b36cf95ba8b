"""HTTP addresses: a stream, or a camera that answers with one picture at a time."""

from __future__ import annotations

from streamlab.media.container import ContainerSource
from streamlab.media.snapshot_source import SnapshotSource
from streamlab.media.source import OPEN_TIMEOUT_S, SinglePictureError, Source
from streamlab.media.spec import SourceSpec


def open_http(spec: SourceSpec, timeout_s: float = OPEN_TIMEOUT_S) -> Source:
    """Open the stream, or ask again and again where there is only a picture. Raises SourceError."""
    try:
        return ContainerSource(spec, timeout_s)
    except SinglePictureError as picture:
        codec = picture.codec
    return SnapshotSource(spec, codec)
