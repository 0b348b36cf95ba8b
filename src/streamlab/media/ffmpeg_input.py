"""FFmpeg's input for each kind of source: URL, format and options.

Not for webcams (``media.webcam``), nor for what streamlab opens itself (``media.open_input``).
"""

from __future__ import annotations

from typing import NamedTuple

from streamlab.media.formats import allowed_options
from streamlab.media.spec import SourceKind, SourceSpec

_RTSP_TRANSPORT = {
    # In this order: FFmpeg tries the next one when the server answers 461.
    "auto": {"rtsp_transport": "tcp+udp", "rtsp_flags": "prefer_tcp"},
    "tcp": {"rtsp_transport": "tcp"},
    "udp": {"rtsp_transport": "udp"},
}
TS_PACKET_BYTES = 188
UDP_BUFFER_BYTES = 8 << 20  # 2 s at 32 Mbit/s
_KERNEL_BUFFER = {"buffer_size": str(1 << 20)}  # requested; the kernel may grant less
_UDP_BUFFER = _KERNEL_BUFFER | {
    "fifo_size": str(UDP_BUFFER_BYTES // TS_PACKET_BYTES),
    "overrun_nonfatal": "1",  # an overrun costs packets, not the connection
}


class FfmpegInput(NamedTuple):
    """Arguments of ``av.open``."""

    url: str
    format: str | None
    options: dict[str, str]


def ffmpeg_input(spec: SourceSpec) -> FfmpegInput:
    """Return the arguments of ``av.open`` for a source that FFmpeg connects to itself."""
    options = allowed_options(spec.kind)
    if spec.address.startswith("rtp:"):
        return FfmpegInput(spec.address, "rtp", options | _KERNEL_BUFFER)
    if spec.kind is SourceKind.UDP:
        return FfmpegInput(spec.address, "mpegts", options | _UDP_BUFFER)
    if spec.kind is SourceKind.RTSP:
        return FfmpegInput(spec.address, None, options | _RTSP_TRANSPORT[spec.rtsp_transport])
    # FFmpeg takes a URL that ends in .jpg for a still image, whatever the server sends. The '#',
    # which FFmpeg does not send, prevents that.
    return FfmpegInput(f"{spec.address.partition('#')[0]}#", None, options)
