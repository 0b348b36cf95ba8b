"""Which time stamp a decoded picture has, where containers leave that open.

Rules:

- a picture has its presentation stamp, unless those went back more often than the decoding
  stamps did: AVI numbers pictures in the order they are stored in, and B-frames are stored in
  another order than they are shown (``guess_correct_pts`` in libavcodec/decode.c does the same);
- MJPEG over HTTP and other live streams of bare pictures have no stamps, whatever FFmpeg counts
  for them at 25 a second: they are timed by arrival;
- a recording without any stamps (raw H.264) is counted, at the rate its parameter sets give.
"""

from __future__ import annotations

from fractions import Fraction

import av

from streamlab.core.time.timebase import TIMESCALE, frame_pts, to_pts

DEFAULT_FPS = Fraction(25)
_BARE = ("mpjpeg", "mjpeg", "jpeg_pipe", "h264", "hevc")
MIN_FPS, MAX_FPS = Fraction(1, 100), 240


class FrameTimestamps:
    """Gives the pictures of one opening of a source their stamps, in the order they are shown."""

    def __init__(self, stream: av.VideoStream, container_format: str, *, live: bool) -> None:
        self._stream = stream
        self._live = live
        self._number = 0
        self._is_stamped = False
        self._last_pts = self._last_dts = -(1 << 63)
        self._wrong_pts, self._wrong_dts = int(container_format == "avi"), 0
        self._is_bare = live and is_bare(container_format)

    def receive_frame(self, frame: av.VideoFrame) -> tuple[int | None, int | None]:
        """Return the stamp of a picture and how long it is shown, ticks; None: not known."""
        if self._is_bare:
            return None, None
        ticks, base = self._choose(frame.pts, frame.dts), frame.time_base
        if ticks is not None and base is not None:
            self._is_stamped = True
            stamp = to_pts(ticks, base)
            # From where it begins to where it ends: spans that add up.
            end = to_pts(ticks + frame.duration, base) if frame.duration else None
            return stamp, None if end is None else end - stamp
        if self._live or self._is_stamped:
            return None, None
        fps = frame_rate(self._stream, has_stamps=False)
        number, self._number = self._number, self._number + 1
        return frame_pts(number, fps), frame_pts(number + 1, fps) - frame_pts(number, fps)

    def _choose(self, pts: int | None, dts: int | None) -> int | None:
        if pts is not None:
            self._wrong_pts += pts <= self._last_pts
            self._last_pts = pts
        if dts is not None:
            self._wrong_dts += dts <= self._last_dts
            self._last_dts = dts
        if self._wrong_pts <= self._wrong_dts or self._last_dts == -(1 << 63):
            return pts
        return dts


def is_bare(container_format: str) -> bool:
    """Return whether it has no time stamps of its own."""
    return container_format in _BARE


def frame_rate(stream: av.VideoStream, *, has_stamps: bool) -> Fraction:
    """Return the rate that a stream claims; without stamps only its parameter sets know one."""
    by_stamps = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    for rate in by_stamps if has_stamps else (stream.codec_context.framerate,):
        if rate is not None and MIN_FPS <= rate <= MAX_FPS and round(TIMESCALE / rate) > 0:
            return Fraction(rate)
    return DEFAULT_FPS
