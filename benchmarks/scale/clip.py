"""A recording of the synthetic street: what the cameras play, over and over.

The scene is drawn once, beforehand: drawing it costs many times what a camera costs, and no real
camera is drawn. Each camera decodes the file for itself, as it would decode a network camera's.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from streamlab.street.scene import Street


def make_clip(path: Path, width: int, height: int, fps: int, *, seconds: int = 10) -> None:
    """Write H.264 as a network camera sends it: a keyframe a second, no B-frames."""
    street = Street(width, height, fps=Fraction(fps), seed=1)
    options = {"crf": "23", "preset": "veryfast", "tune": "zerolatency"}
    options["x264-params"] = f"keyint={fps}:min-keyint={fps}:scenecut=0"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(seconds * fps):
            frame = av.VideoFrame.from_ndarray(street.draw(number), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
