"""Chooses the timestamp of a decoded frame where containers leave that open.

Rules:

- a frame has its presentation timestamp, unless those went back more often than the decoding
  timestamps did: AVI numbers frames in the order in which they are stored, and B-frames are stored
  in another order than they are shown (``guess_correct_pts`` in libavcodec/decode.c does the same);
- MJPEG over HTTP and other live streams of bare frames have no timestamps, although FFmpeg makes
  some up at 25 fps: their frames are timed by arrival;
- the frames of a recording without any timestamps (raw H.264) are counted, at the rate that its
  parameter sets state.
"""

from __future__ import annotations

from fractions import Fraction

import av

from streamlab.core.time.timebase import TIMESCALE, frame_pts, to_pts

DEFAULT_FPS = Fraction(25)
_BARE = ("mpjpeg", "mjpeg", "jpeg_pipe", "h264", "hevc")
MIN_FPS, MAX_FPS = Fraction(1, 100), 240


class FrameTimestamps:
    """Assigns timestamps to the frames of one opening of a source, in display order."""

    def __init__(self, stream: av.VideoStream, container_format: str, *, live: bool) -> None:
        self._stream = stream
        self._live = live
        self._number = 0
        self._is_stamped = False
        self._last_pts = self._last_dts = -(1 << 63)
        self._wrong_pts, self._wrong_dts = int(container_format == "avi"), 0
        self._is_bare = live and is_bare(container_format)

    def receive_frame(self, frame: av.VideoFrame) -> tuple[int | None, int | None]:
        """Return a frame's timestamp and duration, ticks of 1/90000 s; None where unknown."""
        if self._is_bare:
            return None, None
        ticks, base = self._choose(frame.pts, frame.dts), frame.time_base
        if ticks is not None and base is not None:
            self._is_stamped = True
            stamp = to_pts(ticks, base)
            # The difference of two rounded times, so that durations add up.
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
    """Return True if a container format carries no timestamps of its own."""
    return container_format in _BARE


def frame_rate(stream: av.VideoStream, *, has_stamps: bool) -> Fraction:
    """Return the rate that a stream claims, fps, or 25 if it claims none between 1/100 and 240.

    Without timestamps, only its parameter sets can state one.
    """
    by_stamps = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    for rate in by_stamps if has_stamps else (stream.codec_context.framerate,):
        if rate is not None and MIN_FPS <= rate <= MAX_FPS and round(TIMESCALE / rate) > 0:
            return Fraction(rate)
    return DEFAULT_FPS
