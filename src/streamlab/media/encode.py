"""H.264 encoders: x264, zero latency, keyframes exactly where they are requested.

An encoder uses a constant quantiser. x264's constant rate factor analyses every picture twice, to
spend less where much moves; that costs a fifth to a third of the CPU and 1.5 MB, for the same size.
But a quantiser does not bound the rate, and a noisy picture takes five times the bits it should. So
an encoder whose last second was too large is to be replaced by a *bounded* one, which uses the
constant rate factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import av
from av.codec.context import Flags
from av.video.frame import PictureType

from streamlab.core.channels import ChannelKey, QualityLevel
from streamlab.core.h264.nal import split_annex_b, to_sample
from streamlab.core.h264.parameter_sets import ParameterSets
from streamlab.core.mp4.fragment import InitSegment
from streamlab.media.colour import Colour
from streamlab.media.picture import TICK, Converter, Picture


@dataclass(frozen=True, slots=True)
class QualityPreset:
    """How a quality is encoded: scaled by ``scale``, at most ``max_height_px`` high.

    ``qp`` is x264's quantiser. ``crf`` is the rate factor of the same quality, used where the rate
    is bounded to ``max_bits_per_px`` (a street needs 0.2 to 0.4 at medium quality).
    """

    scale: Fraction
    max_height_px: int
    qp: int
    crf: int
    max_bits_per_px: float


PRESETS = {
    QualityLevel.LOW: QualityPreset(Fraction(1, 2), 360, 25, 27, 0.50),
    QualityLevel.MEDIUM: QualityPreset(Fraction(1), 720, 21, 23, 0.80),
    QualityLevel.HIGH: QualityPreset(Fraction(1), 2160, 18, 20, 1.20),
    QualityLevel.SOURCE: QualityPreset(Fraction(1), 2160, 16, 18, 1.60),
}
MIN_WIDTH_PX = 160


def encoded_size_px(width: int, height: int, quality: QualityLevel) -> tuple[int, int]:
    """Return the width and height, both even, at which a picture of this size is encoded, px."""
    preset = PRESETS[quality]
    scale = min(preset.scale, Fraction(preset.max_height_px, height))
    scale = min(Fraction(1), max(scale, Fraction(MIN_WIDTH_PX, width)))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class EncoderInput(NamedTuple):
    """The input an encoder is set up for. When it changes, a new encoder is needed."""

    width: int
    height: int
    colour: Colour

    @classmethod
    def of(cls, frame: av.VideoFrame) -> EncoderInput:
        """Return the encoder input for a frame, whose colours must be described."""
        return cls(frame.width, frame.height, Colour.of(frame))


class Encoder:
    """Encodes one channel in one quality; all pictures have one size and colour description."""

    def __init__(
        self, key: ChannelKey, like: Picture, fps: Fraction, *, bounded: bool = False
    ) -> None:
        self.key = key
        self.input = EncoderInput.of(like.frame)
        self.size_px = encoded_size_px(like.width, like.height, key.quality)
        self.exceeds = False
        """True if the last full second was larger than allowed; always False if ``bounded``."""
        self._bounded = bounded
        self._scaler = Converter()
        preset = PRESETS[key.quality]
        self._context = _context(like.frame, self.size_px, fps, preset, bounded=bounded)
        self._second = max(1, round(fps))  # in pictures
        self._max_bytes = self.size_px[0] * self.size_px[1] * preset.max_bits_per_px / 8
        self._pictures = self._bytes = 0
        extradata = self._context.extradata
        assert extradata is not None  # requested by the global header flag
        sets = ParameterSets.from_extradata(extradata)
        self.init = InitSegment.of(key, sets, *self.size_px, round(float(fps), 3))

    def encode(self, picture: Picture, *, keyframe: bool) -> bytes:
        """Return the picture as an ``avc1`` sample, an IDR if ``keyframe``."""
        frame = picture.frame
        if self.size_px != (self.input.width, self.input.height):
            frame = self._scaler.scaled(picture, *self.size_px)
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        (packet,) = self._context.encode(frame)
        data = to_sample(split_annex_b(bytes(packet)))
        self._count(len(data))
        return data

    def _count(self, size: int) -> None:
        self._pictures += 1
        self._bytes += size
        if self._pictures == self._second:
            allowed = self._pictures * self._max_bytes
            self.exceeds = not self._bounded and self._bytes > allowed
            self._pictures = self._bytes = 0


def _context(
    like: av.VideoFrame,
    size_px: tuple[int, int],
    fps: Fraction,
    preset: QualityPreset,
    *,
    bounded: bool,
) -> av.VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = size_px
    context.pix_fmt = "yuv420p"
    context.time_base = TICK
    context.framerate = fps
    context.thread_count = 1
    context.flags |= Flags.global_header
    context.max_b_frames = 0
    context.gop_size = 1 << 30  # keyframes come from the camera's KeyframeClock alone
    context.color_range, context.colorspace = like.color_range, like.colorspace
    context.color_primaries, context.color_trc = like.color_primaries, like.color_trc
    options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"}
    if bounded:
        max_kbps = max(200, round(size_px[0] * size_px[1] * fps * preset.max_bits_per_px / 1000))
        rate = f"vbv-maxrate={max_kbps}:vbv-bufsize={max_kbps}"
        options |= {"crf": str(preset.crf), "x264-params": f"scenecut=0:{rate}"}
    else:
        options |= {"qp": str(preset.qp), "x264-params": "scenecut=0"}
    context.options = options
    context.open()
    return context
