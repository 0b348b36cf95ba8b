"""Videos of the synthetic street, as files."""

from __future__ import annotations

from pathlib import Path

import av

from streamlab.street.scene import Street


def make_video(path: Path, street: Street, frames: int) -> None:
    """Encode the street's first frames as H.264, close to what it drew."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=street.fps, options={"crf": "20", "bf": "0"})
        stream.width, stream.height = street.width, street.height
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(street.draw(number), format="yuv420p")
            frame.pts, frame.time_base = number, 1 / street.fps
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
