"""Sources that FFmpeg opens: files, RTSP, HTTP, UDP and webcams."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING

import av
from av.codec.context import Flags
from av.error import FFmpegError

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import SourceError, SourceFormatError, SourceUnreachableError
from streamlab.media.devices import read_packets
from streamlab.media.ffmpeg_input import FfmpegInput
from streamlab.media.limits import check_pixels, decoder_options, too_large
from streamlab.media.normalise import Normaliser, stored_orientation
from streamlab.media.open_errors import no_picture, source_error
from streamlab.media.open_input import OpenInput, open_input
from streamlab.media.packet_queue import PacketQueue, SourcePacket
from streamlab.media.read_ahead import read_ahead
from streamlab.media.source import OPEN_TIMEOUT_S, SinglePictureError, SourceFrame, SourceInfo
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.media.stream_selection import choose_video_stream
from streamlab.media.timestamps import FrameTimestamps, frame_rate, is_bare

if TYPE_CHECKING:
    from av.container import InputContainer

_PULLED = ("hls", "dash")


class ContainerSource:
    """A source that FFmpeg opens. Raises SourceError.

    ``__init__`` blocks until the first frame is decoded. ``given``: what FFmpeg opens, for a kind
    that ``ffmpeg_input`` does not know.
    """

    def __init__(
        self,
        spec: SourceSpec,
        timeout_s: float = OPEN_TIMEOUT_S,
        given: FfmpegInput | None = None,
    ) -> None:
        self.spec = spec
        self._timeout_s = timeout_s
        self._given = given
        self._deadline_ns: int | None = monotonic_ns() + round(timeout_s * NS_PER_S)
        self._stopping = False
        self.objection = ""
        """Why the newest frame cannot be passed through as stored, or ''."""
        asked_ns = monotonic_ns()
        self._input = _open(spec, timeout_s, given)
        self._container = self._input.container
        try:
            self._stream = _video_stream(self._container, spec)
            if spec.kind is SourceKind.HTTP and self._container.format.name.endswith("_pipe"):
                raise SinglePictureError(spec, self._stream.codec_context.name)
            self._is_live = spec.kind is not SourceKind.FILE and not _has_end(self._container)
            self._is_pulled = self._is_live and self._container.format.name.startswith(_PULLED)
            self._packets = read_packets(self._container, self._stream, self._check)
            self._is_ahead = False
            if spec.kind is SourceKind.HTTP and self._is_live and not self._is_pulled:
                self._read_ahead(asked_ns)
            self._frames = self._decode()
            self._first: SourceFrame | None = next(self._frames, None)
            self.info = self._describe(self._first)
        except BaseException:
            self.close()
            raise
        self._input.receive_opening()
        self._deadline_ns = None

    @property
    def extradata(self) -> bytes | None:
        """H.264 parameter sets, empty if they are only in band; None if the codec is not H.264."""
        is_h264 = self._stream.codec_context.name == "h264"
        return (self._stream.codec_context.extradata or b"") if is_h264 else None

    @property
    def reorders(self) -> bool:
        """True if the stream has B-frames, as far as the decoder knows so far."""
        return bool(self._stream.codec_context.has_b_frames)

    def frames(self) -> Iterator[SourceFrame]:
        """Yield frames. A file that loops starts over at its end.

        Raises SourceError when reading fails, when a live stream ends, and at the first packet
        after ``stop()``.
        """
        first, self._first = self._first, None
        if first is not None:
            yield first
        yield from self._frames
        if self._is_live and not self._is_ahead and not self._stopping:
            raise SourceUnreachableError(f"{self.spec.display} ended the stream")
        while self.spec.loop and not self._stopping:
            yield from self._again()

    @property
    def container(self) -> InputContainer:
        """The open container, for inspection; do not read from it."""
        return self._container

    @property
    def stream(self) -> av.VideoStream:
        """The stream that the frames come from."""
        return self._stream

    def stop(self) -> None:
        """Make ``frames`` end at the next packet, or when FFmpeg's read timeout expires."""
        self._stopping = True
        self._input.stop()

    def close(self) -> None:
        """Close the file or connection."""
        # These refer to the source and would keep it and its decoder until garbage collection.
        self._packets, self._frames = iter(()), iter(())
        self._input.close()

    def _check(self) -> None:
        if self._stopping:
            raise SourceUnreachableError(f"{self.spec.display} is not read any more")
        if self._deadline_ns is not None and monotonic_ns() > self._deadline_ns:
            raise no_picture(self.spec, self._timeout_s)

    def _describe(self, first: SourceFrame | None) -> SourceInfo:
        if first is None:
            raise SourceFormatError(
                f"{self.spec.display} contains no picture that can be decoded",
                hint="It may be truncated; `ffmpeg -i` may tell you more.",
            )
        return SourceInfo(
            codec=self._stream.codec_context.codec.canonical_name,
            width=first.frame.width,
            height=first.frame.height,
            fps=frame_rate(self._stream, has_stamps=first.frame.pts is not None),
            live=self._is_live,
            pulled=self._is_pulled or self._is_ahead,
        )

    def _again(self) -> Iterator[SourceFrame]:
        self._input.close()
        self._input = _open(self.spec, self._timeout_s, self._given)
        self._input.receive_opening()
        self._container = self._input.container
        self._stream = _video_stream(self._container, self.spec)
        self._packets = read_packets(self._container, self._stream, self._check)
        empty = True
        for item in self._decode():
            yield item._replace(restart=empty)
            empty = False
        if empty:
            raise SourceFormatError(f"{self.spec.display} contains no more pictures")

    def _decode(self) -> Iterator[SourceFrame]:
        packets = PacketQueue()
        normaliser = Normaliser(self.spec.max_height, self.spec.max_pixels)
        keep = self._stream.codec_context.name == "h264"
        stamps = FrameTimestamps(self._stream, self._container.format.name, live=self._is_live)
        with _errors_of(self.spec):
            for packet in self._packets:
                if keep:
                    packets.receive_packet(packet)
                for frame in self._decode_packet(packet):
                    geometry = self.pixel_shape, stored_orientation(frame)
                    for decoded, made in normaliser.receive_frame(frame, *geometry):
                        self.objection = normaliser.objection
                        own = packets.take(decoded)
                        yield _source_frame(decoded, made, stamps, own, self.objection)
            for decoded, made in normaliser.flush():
                yield _source_frame(decoded, made, stamps, None, self.objection)

    def _read_ahead(self, asked_ns: int) -> None:
        """Detect a recording served without a length; the packets read are decoded later."""
        if is_bare(self._container.format.name):
            return  # without timestamps there is nothing to compare with the clock
        with _errors_of(self.spec):
            taken, self._is_ahead = read_ahead(self._packets, asked_ns)
        self._packets = chain(taken, self._packets)

    @property
    def pixel_shape(self) -> Fraction | None:
        """Width of a pixel divided by its height, if the source states it."""
        return self._stream.sample_aspect_ratio or self._stream.codec_context.sample_aspect_ratio

    def _decode_packet(self, packet: av.Packet[av.VideoStream]) -> list[av.VideoFrame]:
        try:
            return [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
        except (FFmpegError, MemoryError) as error:
            decoder = self._stream.codec_context
            check_pixels(decoder.width, decoder.height, self.spec.max_pixels)
            if isinstance(error, av.error.ArgumentError) and not decoder.width:
                raise too_large(self.spec.max_pixels) from None
            # A broken packet costs its frame, not the stream: cameras lose packets.
            if isinstance(error, av.error.InvalidDataError):
                return []
            raise


def _open(spec: SourceSpec, open_timeout_s: float, given: FfmpegInput | None) -> OpenInput:
    with _errors_of(spec):
        return open_input(spec, open_timeout_s, given)


def _source_frame(
    frame: av.VideoFrame,
    made: av.VideoFrame,
    stamps: FrameTimestamps,
    own: SourcePacket | None,
    objection: str,
) -> SourceFrame:
    stamp, duration = stamps.receive_frame(frame)
    return SourceFrame(
        made,
        stamp,
        keyframe=bool(frame.key_frame),
        packet=own.data if own else None,
        extradata=own.extradata if own else None,
        objection=objection,
        duration=duration,
        decoded=frame,
    )


def _video_stream(container: InputContainer, spec: SourceSpec) -> av.VideoStream:
    stream = choose_video_stream(container, spec.display, spec.video_stream)
    # Frame threading would delay frames by one per thread.
    stream.thread_type = "NONE"
    check_pixels(stream.width, stream.height, spec.max_pixels)
    stream.codec_context.options = decoder_options(spec.max_pixels)
    stream.codec_context.flags |= Flags.copy_opaque  # pairs frames with packets
    return stream


def _has_end(container: InputContainer) -> bool:
    """Return True for a recording: a file, also one served over HTTP."""
    return container.duration is not None and container.duration > 0


@contextlib.contextmanager
def _errors_of(spec: SourceSpec) -> Iterator[None]:
    try:
        yield
    except SourceError:
        raise
    except (FFmpegError, OSError) as error:
        raise source_error(error, spec) from None  # FFmpeg's text quotes the address
    except UnicodeDecodeError:  # PyAV decodes the names of what a playlist refers to
        raise SourceFormatError(
            f"{spec.display} refers to files whose names are not UTF-8",
            hint="Rename them, or the folder that they are in.",
        ) from None
