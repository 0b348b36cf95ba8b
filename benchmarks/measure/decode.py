"""Decodes what was delivered and reads the truth strip off the pictures."""

from __future__ import annotations

import av
import numpy as np

CELLS = 32
STRIP_SHARE = 2 / 45  # 1/22.5 of the height
MIDDLE_LUMA = (16 + 235) / 2


class StripReader:
    """One channel's decoder. Give it every fragment from a keyframe on."""

    def __init__(self) -> None:
        self._codec: av.VideoCodecContext | None = None

    def receive_init(self, avcc: bytes) -> None:
        """Begin anew: the encoding has changed."""
        self._codec = av.VideoCodecContext.create("h264", "r")
        self._codec.thread_count = 1  # more would give each picture out later
        self._codec.extradata = avcc

    def receive_sample(self, sample: bytes, pts: int) -> list[tuple[int, int | None]]:
        """Return pts and frame number of the pictures that came out; None: unreadable strip."""
        if self._codec is None:
            raise ValueError("a fragment before its init segment")
        packet = av.Packet(sample)
        packet.pts = packet.dts = pts
        return [(frame.pts or 0, read_strip(frame)) for frame in self._codec.decode(packet)]


def read_strip(frame: av.VideoFrame) -> int | None:
    """Return the frame number in a picture's truth strip, or None when its sum is wrong."""
    plane = frame.planes[0]
    row = round(frame.height * STRIP_SHARE / 2) * plane.line_size
    line = np.frombuffer(bytes(plane), np.uint8)[row : row + frame.width]
    centres = (np.arange(CELLS) + 0.5) * frame.width / CELLS
    bits = line[centres.astype(int)] > MIDDLE_LUMA
    *number, check = np.packbits(bits).tolist()
    return int.from_bytes(bytes(number)) if sum(number) % 256 == check else None
