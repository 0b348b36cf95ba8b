"""Decodes both channels of one frame from the bytes that a viewer is sent."""

from __future__ import annotations

import asyncio
import io
from contextlib import closing
from typing import NamedTuple

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.core.channels import ChannelType
from streamlab.core.mp4.fragment import WireBox
from streamlab.viewers import Camera, ChannelSubscriptionManager
from streamlab.viewers.snapshot import EncodedChannel, EncodedSnapshot

JPEG_QUALITY = 85
MAX_JPEG_BYTES = 400_000
SMALLER = 0.8
GAP_PX = 8


class Snapshot(NamedTuple):
    """One frame as delivered: ``raw`` and ``annotated`` are RGB, uint8, ``(height, width, 3)``."""

    raw: NDArray[np.uint8]
    annotated: NDArray[np.uint8]
    pts: int
    """Ticks of 1/90000 s since the camera started; the same in both channels."""
    detections_pts: int | None
    """PTS of the frame that the boxes were detected on; None if there is none."""
    boxes: list[WireBox]
    """Drawn boxes: ``[x1, y1, x2, y2, class_name, score, track_id]``, px of the captured frame."""

    def picture(self, view: str = "both") -> NDArray[np.uint8]:
        """Return a view as RGB: raw, annotated (also for overlay), or both side by side."""
        if view == "both":
            gap = np.full((self.raw.shape[0], GAP_PX, 3), 255, np.uint8)
            return np.hstack([self.raw, gap, self.annotated])
        return self.raw if view == "raw" else self.annotated

    def __repr__(self) -> str:
        height, width, _ = self.raw.shape
        return f"Snapshot(pts={self.pts}, {width}x{height}, {len(self.boxes)} boxes)"

    def _repr_jpeg_(self) -> bytes:
        return jpeg(self.picture())


def jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """Encode RGB pixels as a JPEG file of at most ``MAX_JPEG_BYTES``, made smaller where needed.

    Pictures that a notebook displays are saved in it.
    """
    while True:
        _, data = cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if data.size <= MAX_JPEG_BYTES:
            return data.tobytes()
        rgb = resized(rgb, SMALLER)


def resized(rgb: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Return a picture that is larger or smaller by ``factor``."""
    height, width = rgb.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def decode(encoded: EncodedSnapshot) -> Snapshot:
    """Decode the frame of a snapshot. Takes some ms: do not call it in an event loop."""
    raw, annotated = (_decode(encoded.channels[channel], encoded.pts) for channel in ChannelType)
    frames = (
        frame
        for fragment in encoded.channels[ChannelType.ANNOTATED].fragments
        for frame in fragment.frames
    )
    boxes = next(frame.boxes for frame in frames if frame.pts == encoded.pts)
    assert boxes is not None, "the annotated channel says what is drawn"
    return Snapshot(raw, annotated, encoded.pts, boxes.detections_pts, boxes.rows)


def _decode(encoded: EncodedChannel, pts: int) -> NDArray[np.uint8]:
    data = b"".join([encoded.init, *(fragment.data for fragment in encoded.fragments)])
    with av.open(io.BytesIO(data), "r") as container:
        frame = next(each for each in container.decode(video=0) if each.pts == pts)
        return frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


async def look(camera: Camera, subscriptions: ChannelSubscriptionManager, seconds: float) -> None:
    """Watch a camera for this many seconds, so that there is something to measure."""
    connection = subscriptions.open(camera, ())  # runs both channels, sends neither
    with closing(subscriptions.read([(camera, connection)])):
        await asyncio.sleep(seconds)
