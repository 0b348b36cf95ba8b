"""Sources that FFmpeg opens: files, RTSP, HTTP and webcams."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError

from streamlab.errors import SourceError, SourceFormatError, SourceUnreachableError
from streamlab.media.choice import choose_video_stream
from streamlab.media.devices import open_webcam, read_packets
from streamlab.media.normalise import Normaliser, stored_orientation
from streamlab.media.open_errors import source_error
from streamlab.media.source import SourceFrame, SourceInfo
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.media.stamps import FrameStamps, frame_rate

if TYPE_CHECKING:
    from av.container import InputContainer

OPEN_TIMEOUT_S = 8.0
READ_TIMEOUT_S = 5.0
MAX_PACKETS_IN_DECODER = 64
# A playlist or a script must not lead to where the address itself could not: FFmpeg follows
# such references by protocol.
_PROTOCOLS = {
    SourceKind.FILE: "file",
    SourceKind.RTSP: "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto",
    SourceKind.HTTP: "http,https,tcp,tls,crypto",
}
_PULLED = ("hls", "dash")


class ContainerSource:
    """A source that FFmpeg opens. Blocks in ``__init__`` until the first picture is decoded."""

    def __init__(self, spec: SourceSpec) -> None:
        self.spec = spec
        self.objection = ""
        """Why the newest picture cannot be passed through as it is stored, or ''."""
        self._container = _open(spec)
        try:
            self._stream = _video_stream(self._container, spec)
            self._is_live = spec.kind is not SourceKind.FILE and not _has_end(self._container)
            self._frames = self._decode()
            first = next(self._frames, None)
        except BaseException:
            self.close()
            raise
        if first is None:
            self.close()
            raise SourceFormatError(
                f"{spec.display} contains no picture that can be decoded",
                hint="It may be truncated; `ffmpeg -i` may tell you more.",
            )
        self._first: SourceFrame | None = first
        self.info = SourceInfo(
            codec=self._stream.codec_context.name,
            width=first.frame.width,
            height=first.frame.height,
            fps=frame_rate(self._stream, has_stamps=first.frame.pts is not None),
            live=self._is_live,
            pulled=self._is_live and self._container.format.name.startswith(_PULLED),
        )

    @property
    def extradata(self) -> bytes | None:
        """H.264 parameter sets, or None when the source is of another codec."""
        is_h264 = self._stream.codec_context.name == "h264"
        return self._stream.codec_context.extradata if is_h264 else None

    @property
    def reorders(self) -> bool:
        """Whether the stream has B-frames, as far as the decoder knows by now."""
        return bool(self._stream.codec_context.has_b_frames)

    def frames(self) -> Iterator[SourceFrame]:
        """Yield pictures. A file starts over at its end, when it loops."""
        first, self._first = self._first, None
        if first is not None:
            yield first
        yield from self._frames
        if self._is_live:
            raise SourceUnreachableError(f"{self.spec.display} ended the stream")
        while self.spec.loop:
            yield from self._again()

    @property
    def container(self) -> InputContainer:
        """The open container, to be asked what it holds; not to be read."""
        return self._container

    @property
    def stream(self) -> av.VideoStream:
        """The stream that pictures come from."""
        return self._stream

    def close(self) -> None:
        """Close the file or connection."""
        self._container.close()

    def _again(self) -> Iterator[SourceFrame]:
        self._container.close()
        self._container = _open(self.spec)
        self._stream = _video_stream(self._container, self.spec)
        empty = True
        for item in self._decode():
            yield replace(item, restart=empty)
            empty = False
        if empty:
            raise SourceFormatError(f"{self.spec.display} contains no more pictures")

    def _decode(self) -> Iterator[SourceFrame]:
        packets: dict[int | None, bytes] = {}
        normaliser = Normaliser()
        keep = self._stream.codec_context.name == "h264"
        stamps = FrameStamps(self._stream, self._container.format.name, live=self._is_live)
        with _errors_of(self.spec):
            for packet in read_packets(self._container, self._stream):
                if keep and packet.size:
                    packets[packet.pts] = bytes(packet)
                    if len(packets) > MAX_PACKETS_IN_DECODER:
                        del packets[next(iter(packets))]
                for frame in self._decode_packet(packet):
                    geometry = self.pixel_shape, stored_orientation(frame)
                    for decoded, made in normaliser.receive_frame(frame, *geometry):
                        self.objection = normaliser.objection
                        data = packets.pop(decoded.pts, None)
                        data = None if self.objection else data
                        yield _source_frame(decoded, made, data, stamps)
            for decoded, made in normaliser.flush():
                yield _source_frame(decoded, made, None, stamps)

    @property
    def pixel_shape(self) -> Fraction | None:
        """The width of a pixel over its height, where the source says so."""
        return self._stream.sample_aspect_ratio or self._stream.codec_context.sample_aspect_ratio

    def _decode_packet(self, packet: av.Packet[av.VideoStream]) -> list[av.VideoFrame]:
        # One broken packet costs its picture, not the stream: cameras lose packets.
        with contextlib.suppress(av.error.InvalidDataError):
            return [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
        return []


def _open(spec: SourceSpec) -> InputContainer:
    if spec.kind is SourceKind.FILE and Path(spec.address).is_dir():
        raise SourceFormatError(f"{spec.address} is a folder", hint="Name a video file in it.")
    timeout_s = (OPEN_TIMEOUT_S, READ_TIMEOUT_S)
    if spec.kind is SourceKind.WEBCAM:
        with _errors_of(spec):
            return open_webcam(spec.address, timeout_s)
    options = {}
    if spec.kind in _PROTOCOLS:
        options["protocol_whitelist"] = _PROTOCOLS[spec.kind]
    if spec.kind is SourceKind.RTSP:
        options["rtsp_transport"] = "udp" if spec.rtsp_transport == "udp" else "tcp"
    with _errors_of(spec):
        return av.open(
            # A path as it is: 'cam:1.mp4' is of no protocol 'cam'.
            f"file:{spec.address}" if spec.kind is SourceKind.FILE else spec.address,
            options=options,
            timeout=timeout_s,
        )


def _source_frame(
    frame: av.VideoFrame, made: av.VideoFrame, packet: bytes | None, stamps: FrameStamps
) -> SourceFrame:
    stamp, duration = stamps.receive_frame(frame)
    return SourceFrame(
        made,
        stamp,
        keyframe=bool(frame.key_frame),
        packet=packet,
        duration=duration,
        decoded=frame,
    )


def _video_stream(container: InputContainer, spec: SourceSpec) -> av.VideoStream:
    stream = choose_video_stream(container, spec.display, spec.video_stream)
    # Frame threads would hold pictures back by one per thread.
    stream.thread_type = "NONE"
    return stream


def _has_end(container: InputContainer) -> bool:
    """Return whether it is a recording: a file, also one that comes over HTTP."""
    return container.duration is not None and container.duration > 0


@contextlib.contextmanager
def _errors_of(spec: SourceSpec) -> Iterator[None]:
    try:
        yield
    except SourceError:
        raise
    except (FFmpegError, OSError) as error:
        raise source_error(error, spec) from None  # its text quotes the address
