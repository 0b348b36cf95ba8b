"""All encoders of one channel of one camera, used by one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fractions import Fraction

from streamlab.camera.frame import CapturedFrame
from streamlab.camera.native_code import UNNOTED, NativeCode
from streamlab.clock import monotonic_ns
from streamlab.core.channels import RAW, ChannelKey, QualityLevel
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment, FragmentWriter, InitSegment
from streamlab.media.encode import Encoder, EncoderInput
from streamlab.media.picture import Picture
from streamlab.protocol.fragment import serialise

MAX_GOP_FRAMES = 256
SOURCE_KEY = ChannelKey(RAW, QualityLevel.SOURCE)

Emit = Callable[[InitSegment | Fragment], None]


class ChannelEncoder:
    """Encodes each frame in every wanted quality, and passes ``source`` through if possible.

    An encoder starts at a frame that is a keyframe in every encoder. It ends when it is no longer
    wanted, or when the pictures change their size or colour description. An encoder whose output
    is larger than allowed is replaced, at a keyframe, by one with a bounded rate.
    """

    def __init__(
        self,
        channel: str,
        fps: Fraction,
        fragment_ms: float,
        emit: Emit,
        first_sequence: int = 1,
        native: NativeCode = UNNOTED,
    ) -> None:
        self.channel = channel
        self.wanted: frozenset[ChannelKey] = frozenset()
        self.bounded = 0
        """Number of encoders replaced by one with a bounded rate."""
        self.fps = fps
        """Frame rate that the source claims; applies to encoders that start from now on."""
        self._fragment_ms = fragment_ms
        self._emit = emit
        self._native = native.section("encode")
        self.native = native
        """Notes the native code of the stage that uses the encoders."""
        self._encoders: dict[ChannelKey, Encoder] = {}
        self._writers: dict[ChannelKey, FragmentWriter] = {}
        self._first_sequence = first_sequence
        self._source = PassthroughEncoder(self._writer_of(SOURCE_KEY), emit)

    def encode(self, captured: CapturedFrame, picture: Picture, boxes: Boxes | None) -> None:
        """Encode a picture, captured or annotated, in every wanted quality of the channel."""
        wanted = {key for key in self.wanted if key.channel == self.channel}
        if self.channel == RAW and self._source.receive_frame(
            captured, self.fps, wanted=SOURCE_KEY in wanted
        ):
            wanted.discard(SOURCE_KEY)
        for key in set(self._encoders) - wanted:
            del self._encoders[key]
        for key in sorted(wanted):
            encoder = self._encoder(key, captured, picture)
            if encoder is not None:
                with self._native:
                    data = encoder.encode(picture, keyframe=captured.keyframe)
                frame = _encoded(captured, captured.keyframe, len(data), boxes)
                self._write(encoder.init, frame, data)

    def reset(self) -> None:
        """Stop all encoders and leave a hole in each sequence: frames were lost."""
        self._encoders.clear()
        self._source.reset()
        for writer in self._writers.values():
            writer.skip()

    def _encoder(
        self, key: ChannelKey, captured: CapturedFrame, picture: Picture
    ) -> Encoder | None:
        encoder = self._encoders.get(key)
        if encoder is not None and encoder.input != EncoderInput.of(picture.frame):
            encoder = None
        exceeds = encoder is not None and encoder.exceeds
        if encoder is not None and not (exceeds and captured.keyframe):
            return encoder
        self._encoders.pop(key, None)
        if not captured.keyframe:
            return None
        self.bounded += exceeds
        with self._native:
            encoder = Encoder(key, picture, self.fps, bounded=exceeds)
        self._encoders[key] = encoder
        self._emit(encoder.init)
        return encoder

    def _writer_of(self, key: ChannelKey) -> FragmentWriter:
        writer = FragmentWriter(key, self._fragment_ms, first_sequence=self._first_sequence)
        self._writers[key] = writer
        return writer

    def _write(self, init: InitSegment, frame: EncodedFrame, data: bytes) -> None:
        # `source` has one sequence, whether it is transcoded or passed through.
        writer = self._writers.get(init.key) or self._writer_of(init.key)
        _emit_fragments(writer, frame, data, init, self._emit)


class PassthroughEncoder:
    """Sends the camera's own H.264. Keeps the newest GOP, so that a viewer can join at once."""

    def __init__(self, writer: FragmentWriter, emit: Emit) -> None:
        self.writer = writer
        self._emit = emit
        self._init: InitSegment | None = None
        self._gop: deque[tuple[EncodedFrame, bytes]] = deque(maxlen=MAX_GOP_FRAMES)

    def receive_frame(self, captured: CapturedFrame, fps: Fraction, *, wanted: bool) -> bool:
        """Send the next frame if ``wanted``; return False if it cannot be passed through."""
        unit = captured.passthrough
        if unit is None:
            self._gop.clear()
            self._init = None
            return False
        frame = _encoded(captured, unit.keyframe, len(unit.sample), None)
        if unit.keyframe:
            self._gop.clear()
        if unit.keyframe or self._gop:
            self._gop.append((frame, unit.sample))
        if not wanted:
            self._init = None
            return True
        if self._init is not None and not unit.keyframe:
            self._write(frame, unit.sample)
        elif self._gop:
            self._start(captured, fps)
        return True

    def reset(self) -> None:
        """Wait for the next keyframe of the camera."""
        self._init = None
        self._gop.clear()

    def _start(self, captured: CapturedFrame, fps: Fraction) -> None:
        unit, picture = captured.passthrough, captured.picture
        assert unit is not None
        rate = round(float(fps), 3)
        init = InitSegment.of(SOURCE_KEY, unit.sets, picture.width, picture.height, rate)
        if self._init is None or init.init_id != self._init.init_id:
            self._init = init
            self._emit(init)
        for frame, sample in self._gop:
            self._write(frame, sample)

    def _write(self, frame: EncodedFrame, sample: bytes) -> None:
        assert self._init is not None
        _emit_fragments(self.writer, frame, sample, self._init, self._emit)


def _emit_fragments(
    writer: FragmentWriter, frame: EncodedFrame, data: bytes, init: InitSegment, emit: Emit
) -> None:
    for fragment in writer.receive_frame(frame, data, init.init_id):
        serialise(fragment)  # in this thread, to relieve the event loop
        emit(fragment)


def _encoded(
    captured: CapturedFrame, keyframe: bool, size_bytes: int, boxes: Boxes | None
) -> EncodedFrame:
    return EncodedFrame(
        pts=captured.pts,
        duration=captured.duration,
        keyframe=keyframe,
        size_bytes=size_bytes,
        captured_ns=captured.captured_ns,
        captured_at=captured.captured_at,
        ready_ns=monotonic_ns(),
        boxes=boxes,
    )
