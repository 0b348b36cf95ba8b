"""The built-in kinds of source; installed packages may add others."""

from __future__ import annotations

from enum import StrEnum


class SourceKind(StrEnum):
    """Where frames come from. The values are the names in the allow-list and the URL schemes."""

    SYNTHETIC = "synthetic"
    FILE = "file"
    RTSP = "rtsp"
    HTTP = "http"
    UDP = "udp"
    WEBCAM = "webcam"
    UNKNOWN = "unknown"
    """Text that could not be parsed as a source; kept for display."""
