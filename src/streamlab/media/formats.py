"""The demuxers and protocols that FFmpeg may use for each kind of source.

Everything else is refused, above all demuxers that open what a file names: ``concat``, ``image2``,
``dash``, ``sdp``. ``hls`` may, but its references are opened by ``media.references``.
"""

from __future__ import annotations

from streamlab.media.spec import SourceKind

_VIDEO = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,live_flv,mpegts,mpeg,mpegvideo,m4v,h261,"
    "h263,h264,hevc,vvc,av1,obu,ivf,vc1,mjpeg,mjpeg_2000,ogg,nut,mxf,gxf,rm,dv,dhav,wtv,"
    "yuv4mpegpipe,gif,apng"
)
_PICTURES = "jpeg_pipe,jpegls_pipe,png_pipe,webp_pipe,bmp_pipe,tiff_pipe,j2k_pipe,gif_pipe"
_SOUND = "aac,mp3,ac3,eac3,wav,flac,webvtt"  # the streams of a playlist beside its video
_FORMATS: dict[str, str] = {
    SourceKind.FILE: f"{_VIDEO},{_PICTURES},{_SOUND},hls",
    SourceKind.HTTP: f"{_VIDEO},{_PICTURES},{_SOUND},mpjpeg,hls,dash",
    SourceKind.RTSP: "rtsp",
    SourceKind.UDP: "mpegts,rtp",
}
_NONE = "none"
# FFmpeg follows references in playlists and scripts by protocol: they must not reach what the
# address itself could not.
_PROTOCOLS: dict[str, str] = {
    SourceKind.FILE: _NONE,  # files are opened by streamlab
    SourceKind.RTSP: "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto",
    SourceKind.HTTP: "http,https,tcp,tls,crypto",
    SourceKind.UDP: "udp,rtp",
}


def allowed_options(kind: str, *, by_streamlab: bool = False) -> dict[str, str]:
    """Return FFmpeg's options that name the demuxers and protocols of a kind of source.

    ``by_streamlab``: FFmpeg opens nothing itself, and reads from files of ``media.references``.
    """
    formats = _FORMATS[kind].removesuffix(",dash") if by_streamlab else _FORMATS[kind]
    protocols = _NONE if by_streamlab else _PROTOCOLS[kind]
    return {"format_whitelist": formats, "protocol_whitelist": protocols}
