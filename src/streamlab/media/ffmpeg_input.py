"""FFmpeg's input for each kind of source: URL, format and options.

Not for webcams: see ``media.webcam``.
"""

from __future__ import annotations

from typing import NamedTuple

from streamlab.media.spec import SourceKind, SourceSpec

# FFmpeg follows references in playlists and scripts by protocol: they must not reach what the
# address itself could not.
_PROTOCOLS: dict[str, str] = {
    SourceKind.FILE: "file",
    SourceKind.RTSP: "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto",
    SourceKind.HTTP: "http,https,tcp,tls,crypto",
    SourceKind.UDP: "udp,rtp",
}
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
    """Return the arguments of ``av.open`` for a source."""
    options = {"protocol_whitelist": _PROTOCOLS[spec.kind]}
    if spec.kind is SourceKind.FILE:
        # The prefix keeps FFmpeg from reading 'cam:1.mp4' as an address of protocol 'cam'.
        return FfmpegInput(f"file:{spec.address}", None, options)
    if spec.address.startswith("rtp:"):
        return FfmpegInput(spec.address, "rtp", options | _KERNEL_BUFFER)
    if spec.kind is SourceKind.UDP:
        return FfmpegInput(spec.address, "mpegts", options | _UDP_BUFFER)
    if spec.kind is SourceKind.RTSP:
        return FfmpegInput(spec.address, None, options | _RTSP_TRANSPORT[spec.rtsp_transport])
    # FFmpeg takes a URL that ends in .jpg for a still image, whatever the server sends. The '#',
    # which FFmpeg does not send, prevents that.
    return FfmpegInput(f"{spec.address.partition('#')[0]}#", None, options)
