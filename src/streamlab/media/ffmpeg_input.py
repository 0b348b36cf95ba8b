"""What FFmpeg is given for each kind of source: the address as it reads it, format and options.

Webcams are not among them: see ``media.webcam``.
"""

from __future__ import annotations

from typing import NamedTuple

from streamlab.media.spec import SourceKind, SourceSpec

# A playlist or a script must not lead to where the address itself could not: FFmpeg follows
# such references by protocol.
_PROTOCOLS: dict[str, str] = {
    SourceKind.FILE: "file",
    SourceKind.RTSP: "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto",
    SourceKind.HTTP: "http,https,tcp,tls,crypto",
    SourceKind.UDP: "udp,rtp",
}
_RTSP_TRANSPORT = {
    # In this order: FFmpeg asks for the next one when the server answers 461.
    "auto": {"rtsp_transport": "tcp+udp", "rtsp_flags": "prefer_tcp"},
    "tcp": {"rtsp_transport": "tcp"},
    "udp": {"rtsp_transport": "udp"},
}
TS_PACKET_BYTES = 188
UDP_BUFFER_BYTES = 8 << 20  # 2 s at 32 Mbit/s
_KERNEL_BUFFER = {"buffer_size": str(1 << 20)}  # asked for; it may give less
_UDP_BUFFER = _KERNEL_BUFFER | {
    "fifo_size": str(UDP_BUFFER_BYTES // TS_PACKET_BYTES),
    "overrun_nonfatal": "1",  # packets are lost, not the camera
}


class FfmpegInput(NamedTuple):
    """Arguments of ``av.open``."""

    url: str
    format: str | None
    options: dict[str, str]


def ffmpeg_input(spec: SourceSpec) -> FfmpegInput:
    """Return what ``av.open`` is to be given."""
    options = {"protocol_whitelist": _PROTOCOLS[spec.kind]}
    if spec.kind is SourceKind.FILE:
        # A path as it is: 'cam:1.mp4' is of no protocol 'cam'.
        return FfmpegInput(f"file:{spec.address}", None, options)
    if spec.address.startswith("rtp:"):
        return FfmpegInput(spec.address, "rtp", options | _KERNEL_BUFFER)
    if spec.kind is SourceKind.UDP:
        return FfmpegInput(spec.address, "mpegts", options | _UDP_BUFFER)
    if spec.kind is SourceKind.RTSP:
        return FfmpegInput(spec.address, None, options | _RTSP_TRANSPORT[spec.rtsp_transport])
    # FFmpeg takes a name that ends in .jpg for a picture, whatever the answer is. With a fragment,
    # which it does not send, no name ends like that.
    return FfmpegInput(f"{spec.address.partition('#')[0]}#", None, options)
