"""Makes the small videos that real cameras and careless people hand in.

Every picture carries the truth strip, so that what comes out can be told from what went in.
Each maker writes to the path it is given, whose suffix names the container, and returns it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

Rgb = npt.NDArray[np.uint8]
MILLISECOND = Fraction(1, 1000)
SAMPLE_RATE, SAMPLES = 48_000, 1024
NO_B_FRAMES = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0"}
B_FRAMES = {"preset": "veryfast", "bf": "3", "b-pyramid": "normal"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a video is encoded.

    `gop` is the number of frames from keyframe to keyframe, `turns` how many quarter turns to the
    left the pictures are stored by, `first` the number of the first picture.
    """

    width: int = 320
    height: int = 180
    rate: Fraction = Fraction(25)
    frames: int = 100
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    gop: int = 25
    turns: int = 0
    first: int = 0
    options: dict[str, str] = field(default_factory=lambda: dict(NO_B_FRAMES))


def draw_picture(number: int, width: int, height: int) -> Rgb:
    """Return RGB `(height, width, 3)`: a bright block that moves, under the truth strip."""
    x = np.arange(width) * 127 // width
    y = np.arange(height)[:, None] * 127 // height
    picture = np.broadcast_to((x + y)[..., None], (height, width, 3)).astype(np.uint8)
    left = number * 3 % (width - 24)
    picture[height // 2 : height // 2 + 24, left : left + 24] = (255, 200, 40)
    word = number << 8 | sum(number.to_bytes(3)) % 256
    bits = np.array([word >> (31 - cell) & 1 for cell in range(32)], np.uint8)
    strip = bits[np.arange(width) * 32 // width] * 255
    rows = round(height / 22.5)
    picture[:rows] = strip[:, None]
    picture[rows : 2 * rows, : width // 32] = 0  # the channel cell
    return picture


def write(path: Path, recipe: Recipe, times_ms: Iterable[int] | None = None) -> Path:
    """Encode `recipe.frames` pictures; `times_ms` gives each its own time instead of a rate."""
    with av.open(str(path), "w") as container:
        stream = add_stream(container, recipe)
        for packet in encode(stream, recipe, times_ms):
            container.mux(packet)
    return path


def write_stamped(path: Path, recipe: Recipe, stamps_ms: list[int]) -> Path:
    """Encode without B-frames and give the packets these stamps, whatever they are."""
    with av.open(str(path), "w") as container:
        stream = add_stream(container, recipe)
        for packet, stamp_ms in zip(encode(stream, recipe), stamps_ms, strict=True):
            packet.time_base = MILLISECOND
            packet.pts = packet.dts = stamp_ms
            container.mux(packet)
    return path


def without_duration(path: Path, recipe: Recipe) -> Path:
    """Write Matroska or WebM as a browser records it: its length is nowhere."""
    with av.open(str(path), "w", options={"live": "1"}) as container:
        stream = add_stream(container, recipe)
        for packet in encode(stream, recipe):
            container.mux(packet)
    return path


def raw_h264(path: Path, recipe: Recipe) -> Path:
    """Annex-B H.264 without a container: only its parameter sets tell its rate."""
    path.write_bytes(_annex_b(recipe))
    return path


def add_stream(container: av.container.OutputContainer, recipe: Recipe) -> av.VideoStream:
    stream = container.add_stream(recipe.codec, rate=recipe.rate)
    assert isinstance(stream, av.VideoStream)
    set_up(stream.codec_context, recipe)
    return stream


def set_up(context: av.VideoCodecContext, recipe: Recipe) -> None:
    context.width, context.height = recipe.width, recipe.height
    context.pix_fmt = recipe.pixel_format
    context.gop_size = recipe.gop
    if recipe.codec == "libx264":
        context.options = recipe.options | {"sc_threshold": "0"}
    elif recipe.codec == "libvpx":
        context.options = {"deadline": "realtime", "cpu-used": "8"}
    elif recipe.codec == "libx265":
        quiet = f"log-level=none:keyint={recipe.gop}:pools=1:frame-threads=1"
        context.options = {"preset": "ultrafast", "tune": "zerolatency", "x265-params": quiet}


def encode(
    encoder: av.VideoStream | av.VideoCodecContext,
    recipe: Recipe,
    times_ms: Iterable[int] | None = None,
) -> Iterator[av.Packet[av.VideoStream]]:
    times = list(times_ms) if times_ms is not None else None
    for number in range(recipe.frames if times is None else len(times)):
        shown = (recipe.width, recipe.height)[:: -1 if recipe.turns % 2 else 1]
        picture = np.rot90(draw_picture(recipe.first + number, *shown), recipe.turns)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.time_base = 1 / recipe.rate if times is None else MILLISECOND
        frame.pts = number if times is None else times[number]
        yield from encoder.encode(frame)
    yield from encoder.encode(None)


def baseline(path: Path) -> Path:
    """H.264 Constrained Baseline, a keyframe each second, no B-frames: can go out as it is."""
    return write(path, Recipe(options=NO_B_FRAMES | {"profile": "baseline"}))


def b_frames(path: Path) -> Path:
    """H.264 Main with three B-frames in a row, used as references too."""
    return write(path, Recipe(options=B_FRAMES))


def odd_size(path: Path) -> Path:
    """MPEG-4 Part 2 of 321x181."""
    return write(path, Recipe(width=321, height=181, codec="mpeg4"))


def odd_size_444(path: Path) -> Path:
    """Lossless FFV1 of 321x181 with full chroma; give it the suffix `.mkv`."""
    return write(path, Recipe(321, 181, codec="ffv1", pixel_format="yuv444p", gop=1))


def ntsc_rate(path: Path) -> Path:
    """H.264 at 30000/1001 frames a second."""
    return write(path, Recipe(rate=Fraction(30_000, 1001), gop=30))


def variable_rate(path: Path) -> Path:
    """H.264 whose frames are 20, 47 or 110 ms apart."""
    gaps_ms = (20, 47, 110, 20, 20)
    times_ms = [sum(gaps_ms) * (n // 5) + sum(gaps_ms[: n % 5]) for n in range(80)]
    return write(path, Recipe(rate=Fraction(1000), gop=20), times_ms)


def rotated(path: Path) -> Path:
    """Write an MP4 stored as 320x180 and marked to be shown as 180x320, a quarter turn right."""
    write(path, Recipe(turns=1))
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44  # ISO/IEC 14496-12, 8.3.2, version 0
    one = 1 << 16
    struct.pack_into(">9i", data, matrix, 0, one, 0, -one, 0, 0, 180 * one, 0, 1 << 30)
    path.write_bytes(data)
    return path


def with_audio(path: Path) -> Path:
    """H.264 with an AAC track beside it."""
    recipe = Recipe()
    with av.open(str(path), "w") as container:
        video = add_stream(container, recipe)
        audio = container.add_stream("aac", rate=48_000, layout="mono")
        for packet in encode(video, recipe):
            container.mux(packet)
        _mux_tone(container, audio, seconds=4)
    return path


def audio_only(path: Path) -> Path:
    """An AAC track and nothing to see; give it the suffix `.m4a` or `.mp4`."""
    with av.open(str(path), "w") as container:
        audio = container.add_stream("aac", rate=48_000, layout="mono")
        _mux_tone(container, audio, seconds=2)
    return path


def _mux_tone(
    container: av.container.OutputContainer, stream: av.AudioStream, seconds: int
) -> None:
    for start in range(0, seconds * SAMPLE_RATE, SAMPLES):
        container.mux(stream.encode(tone(start)))
    container.mux(stream.encode(None))


def tone(start: int) -> av.AudioFrame:
    """Return `SAMPLES` of 440 Hz, from sample `start` on."""
    phase = np.arange(start, start + SAMPLES, dtype=np.float32) * (440 / SAMPLE_RATE)
    wave = np.sin(2 * np.pi * phase, dtype=np.float32)[None] * np.float32(0.1)
    frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
    return frame


def size_changes(path: Path) -> Path:
    """Annex-B H.264 whose picture grows from 320x180 to 480x270 after two seconds.

    Give it the suffix `.h264`. It has no times: readers take 25 frames a second.
    """
    path.write_bytes(b"".join(_annex_b(recipe) for recipe in _GROWING))
    return path


def size_changes_timed(path: Path) -> Path:
    """Like `size_changes`, in an MPEG transport stream with times; suffix `.ts`."""
    with av.open(str(path), "w", format="mpegts") as container:
        stream = add_stream(container, _GROWING[0])
        for recipe in _GROWING:
            for packet in encode(_annex_b_encoder(recipe), recipe):
                assert packet.pts is not None
                assert packet.dts is not None
                packet.pts, packet.dts = packet.pts + recipe.first, packet.dts + recipe.first
                packet.stream = stream
                container.mux(packet)
    return path


_GROWING = (Recipe(320, 180, frames=50), Recipe(480, 270, frames=50, first=50))


def _annex_b_encoder(recipe: Recipe) -> av.VideoCodecContext:
    context = av.CodecContext.create(recipe.codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    set_up(context, recipe)
    context.framerate, context.time_base = recipe.rate, 1 / recipe.rate
    return context


def _annex_b(recipe: Recipe) -> bytes:
    return b"".join(bytes(packet) for packet in encode(_annex_b_encoder(recipe), recipe))


def truncated(path: Path) -> Path:
    """Write an MP4 cut off in the middle: its index, which comes last, is lost."""
    data = baseline(path).read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def truncated_after_index(path: Path) -> Path:
    """Write an MP4 cut off in the middle whose index comes first: it plays, then breaks."""
    recipe = Recipe()
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = add_stream(container, recipe)
        for packet in encode(stream, recipe):
            container.mux(packet)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def text(path: Path) -> Path:
    """Text with a video's name."""
    path.write_text("This is no video.\n" * 50, encoding="utf-8")
    return path
