"""HTTP addresses: a stream, or a camera that answers with one picture per request."""

from __future__ import annotations

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.media.container import ContainerSource
from streamlab.media.snapshot_source import SnapshotSource
from streamlab.media.source import OPEN_TIMEOUT_S, SinglePictureError, Source
from streamlab.media.spec import SourceSpec


def open_http(spec: SourceSpec, timeout_s: float = OPEN_TIMEOUT_S) -> Source:
    """Open a stream, or poll an address that gives single pictures. Raises SourceError."""
    until_ns = monotonic_ns() + round(timeout_s * NS_PER_S)
    try:
        return ContainerSource(spec, timeout_s)
    except SinglePictureError as picture:
        codec = picture.codec
    return SnapshotSource(spec, codec, (until_ns - monotonic_ns()) / NS_PER_S)
