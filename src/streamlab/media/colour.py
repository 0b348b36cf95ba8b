"""The colour description of a frame: range, matrix, primaries and transfer.

The values are those of ITU-T H.273 (8.1 to 8.3), which FFmpeg and H.264 share. A frame keeps the
description of its source. Where the source gives none, the usual guess is made once and signalled
from then on: limited range, ITU-R BT.601 for standard definition, BT.709 above.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import av
from av.video.reformatter import ColorRange

BT709, UNSPECIFIED, BT470BG, SMPTE170M = 1, 2, 5, 6
RGB = 0  # as a matrix: the samples are not YUV
_RESERVED, _MAX_CODE_POINT = 3, 255  # FFmpeg's own values start at 256
MAX_SD_HEIGHT_PX = 576


class Colour(NamedTuple):
    """How samples are interpreted. With ``full_range``, black is 0 and white is 255."""

    full_range: bool
    matrix: int
    primaries: int
    transfer: int

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Colour:
        """Return the colour of a frame, guessed where it is not signalled."""
        form = frame.format
        is_sd = frame.height <= MAX_SD_HEIGHT_PX
        codes = frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc
        return _guessed(form.name, form.is_rgb, is_sd, *codes)

    def describe(self, frame: av.VideoFrame) -> None:
        """Set this description on a frame; its pixels stay as they are."""
        frame.color_range = ColorRange.JPEG if self.full_range else ColorRange.MPEG
        frame.colorspace = self.matrix
        frame.color_primaries, frame.color_trc = self.primaries, self.transfer


@lru_cache(256)
def _guessed(
    name: str, is_rgb: bool, is_sd: bool, signalled: int, matrix: int, primaries: int, transfer: int
) -> Colour:
    """Complete the description of a frame whose format has this name, by FFmpeg's numbers."""
    is_rgb = is_rgb or name.startswith("pal")
    if is_rgb:
        signalled = ColorRange.UNSPECIFIED
    full = signalled == ColorRange.JPEG or (
        signalled != ColorRange.MPEG and name.startswith("yuvj")
    )
    if is_rgb or matrix == RGB or not _is_signalled(matrix):
        matrix = SMPTE170M if is_sd else BT709
    usual = BT709 if matrix == BT709 else SMPTE170M
    primaries, transfer = (
        value if value and _is_signalled(value) else usual for value in (primaries, transfer)
    )
    return Colour(full, matrix, primaries, transfer)


def _is_signalled(value: int) -> bool:
    """Return True if a code point has a meaning that H.264 can signal."""
    return value not in (UNSPECIFIED, _RESERVED) and 0 <= value <= _MAX_CODE_POINT


BT601_LIMITED = Colour(False, SMPTE170M, SMPTE170M, SMPTE170M)


def copy_colour(source: av.VideoFrame, target: av.VideoFrame) -> None:
    """Copy the colour description of one frame to another."""
    target.color_range, target.colorspace = source.color_range, source.colorspace
    target.color_primaries, target.color_trc = source.color_primaries, source.color_trc
