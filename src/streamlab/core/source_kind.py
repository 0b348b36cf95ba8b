"""The kinds of source that streamlab has itself; installed packages may add others."""

from __future__ import annotations

from enum import StrEnum


class SourceKind(StrEnum):
    """Where pictures come from, by the name in the allow-list, which is also a URL scheme."""

    SYNTHETIC = "synthetic"
    FILE = "file"
    RTSP = "rtsp"
    HTTP = "http"
    UDP = "udp"
    WEBCAM = "webcam"
    UNKNOWN = "unknown"
    """What cannot be read as a source; it is kept to be shown."""
