"""Small media of many formats, made anew each time, that fuzzing mutates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from tests.fakes import videos

SHORT = videos.Recipe(width=96, height=64, frames=12, gop=6)
SOUND_RATE = 8000
PLAYLIST = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:1
#EXT-X-MEDIA-SEQUENCE:0
#EXTINF:0.48,
0.ts
#EXTINF:0.48,
1.ts
#EXT-X-ENDLIST
"""
MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=96x64\nlist.m3u8\n"
CONCAT = "ffconcat version 1.0\nfile 0.ts\nduration 0.48\nfile 1.ts\ninpoint 0.1\n"


@dataclass(frozen=True, slots=True)
class MediaSeed:
    """A source: the file that is opened, and the files beside it."""

    name: str
    opened: str
    files: dict[str, bytes]

    @classmethod
    def single(cls, name: str, data: bytes) -> MediaSeed:
        return cls(name, name, {name: data})


def make_seeds() -> dict[str, MediaSeed]:
    """Return all seeds by name."""
    return {seed.name: seed for seed in _seeds()}


def _seeds() -> Iterator[MediaSeed]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file_name, make in _VIDEOS.items():
            yield MediaSeed.single(file_name, make(folder / file_name).read_bytes())
        segments = {f"{n}.ts": _segment(folder / f"{n}.ts", n).read_bytes() for n in range(2)}
    playlist = {"list.m3u8": PLAYLIST.encode(), **segments}
    yield MediaSeed("hls", "list.m3u8", playlist)
    yield MediaSeed("hls-master", "master.m3u8", {"master.m3u8": MASTER.encode(), **playlist})
    yield MediaSeed("ffconcat", "list.ffconcat", {"list.ffconcat": CONCAT.encode(), **segments})
    for file_name, codec, pixels in _PICTURES:
        yield MediaSeed.single(file_name, _picture(codec, pixels))


def _encoded(**changes: object) -> Callable[[Path], Path]:
    recipe = replace(SHORT, **changes)  # type: ignore[arg-type]
    return lambda path: videos.write(path, recipe)


def _mp4(flags: str) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        with av.open(str(path), "w", options={"movflags": flags}) as container:
            stream = videos.add_stream(container, SHORT)
            for packet in videos.encode(stream, SHORT):
                container.mux(packet)
        return path

    return make


def _gif(path: Path) -> Path:
    return videos.write(path, replace(SHORT, codec="gif", pixel_format="rgb8", frames=4))


def _sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=SOUND_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, SOUND_RATE // 4), np.int16), format="s16", layout="mono"
        )
        frame.sample_rate = SOUND_RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return path


def _segment(path: Path, number: int) -> Path:
    return videos.write(path, replace(SHORT, first=number * SHORT.frames))


def _picture(codec: str, pixels: str) -> bytes:
    recipe = replace(SHORT, codec=codec, pixel_format=pixels, frames=1)
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    videos.set_up(context, recipe)
    context.time_base = 1 / recipe.rate
    return b"".join(bytes(packet) for packet in videos.encode(context, recipe))


_VIDEOS: dict[str, Callable[[Path], Path]] = {
    "h264.mp4": _encoded(),
    "first.mp4": _mp4("+faststart"),
    "parts.mp4": _mp4("+frag_keyframe+empty_moov"),
    "b-frames.mp4": _encoded(options=videos.B_FRAMES),
    "part2.mp4": _encoded(codec="mpeg4"),
    "h264.mkv": _encoded(),
    "vp8.webm": _encoded(codec="libvpx"),
    "h264.ts": _encoded(),
    "h264.flv": _encoded(),
    "hevc.mkv": _encoded(codec="libx265"),
    "raw.h264": lambda path: videos.raw_h264(path, SHORT),
    "raw.hevc": lambda path: videos.raw_h264(path, replace(SHORT, codec="libx265")),
    "mpeg2.ts": _encoded(codec="mpeg2video"),
    "mjpeg.avi": _encoded(codec="mjpeg", pixel_format="yuvj420p"),
    "a.mjpeg": _encoded(codec="mjpeg", pixel_format="yuvj420p"),
    "ffv1.mkv": _encoded(codec="ffv1", pixel_format="yuv444p", gop=1),
    "a.gif": _gif,
    "sound.wav": _sound,
}
_PICTURES = (
    ("a.jpg", "mjpeg", "yuvj420p"),
    ("a.png", "png", "rgb24"),
    ("a.webp", "libwebp", "yuv420p"),
)
