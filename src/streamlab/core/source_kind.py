"""The kinds of source that other code tells apart; ``plugins.source_kinds`` names all kinds."""

from __future__ import annotations

from enum import StrEnum


class SourceKind(StrEnum):
    """Where frames come from. The values are the names in the allow-list and the URL schemes.

    A kind that is only opened by its scheme needs no member.
    """

    SYNTHETIC = "synthetic"
    FILE = "file"
    RTSP = "rtsp"
    HTTP = "http"
    UDP = "udp"
    WEBCAM = "webcam"
    UNKNOWN = "unknown"
    """Text that could not be parsed as a source; kept for display."""
