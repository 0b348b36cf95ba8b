"""A film that costs nothing to decode, and whose frames are nevertheless of one given size."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE_PX = (64, 36)


def make_padded_video(path: Path, *, fps: int, frame_bytes: int, frames: int) -> None:
    """Write H.264 at a constant bit rate: x264 fills each frame up with filler data (NAL 12)."""
    kbits = frame_bytes * 8 * fps // 1000
    rate_control = f"bitrate={kbits}:vbv-maxrate={kbits}:vbv-bufsize={kbits // fps}"
    gops = f"keyint={fps}:min-keyint={fps}:scenecut=0"
    options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": f"nal-hrd=cbr:filler=1:{rate_control}:{gops}",
    }
    width, height = SIZE_PX
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = kbits * 1000
        for number in range(frames):
            grey = np.full((height * 3 // 2, width), 16 + number % 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
