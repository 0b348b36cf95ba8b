"""Both channels of one frame, decoded from the bytes that a viewer is sent."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import NamedTuple

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from streamlab.clock import monotonic_ns
from streamlab.core.channels import ChannelType, QualityLevel
from streamlab.core.fragment import EncodedFrame, Fragment, InitSegment, WireBox
from streamlab.core.timebase import NS_PER_S
from streamlab.errors import SourceUnreachableError
from streamlab.manager import Camera, ChannelSubscriptionManager
from streamlab.ui.feed import fragments_of

TIMEOUT_S = 10.0
PATIENCE_S = 1.0
JPEG_QUALITY = 85
GAP_PX = 8


class Snapshot(NamedTuple):
    """One frame as it was delivered: ``raw`` and ``annotated`` are RGB, ``(height, width, 3)``."""

    raw: NDArray[np.uint8]
    annotated: NDArray[np.uint8]
    pts: int
    """Ticks of 1/90000 s since the camera started; the same for both."""
    detections_pts: int | None
    """The frame that the boxes were found on."""
    boxes: list[WireBox]
    """What is drawn: ``[x1, y1, x2, y2, class_name, score, track_id]``, px of the capture."""

    def picture(self, view: str = "both") -> NDArray[np.uint8]:
        """Return what a view shows, as RGB: raw, annotated (also for overlay), or both."""
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
    """Return RGB pixels as a JPEG file."""
    _, data = cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was delivered of both channels until they had a frame in common, that of ``pts``."""

    pts: int
    inits: Mapping[str, InitSegment]
    fragments: Mapping[str, list[Fragment]]

    def decode(self) -> Snapshot:
        """Return that frame. Takes some ms: not for an event loop."""
        raw, annotated = (self._picture(channel) for channel in ChannelType)
        frames = (frame for each in self.fragments[ChannelType.ANNOTATED] for frame in each.frames)
        boxes = next(frame.boxes for frame in frames if frame.pts == self.pts)
        assert boxes is not None, "the annotated channel says what is drawn"
        return Snapshot(raw, annotated, self.pts, boxes.detections_pts, boxes.rows)

    def _picture(self, channel: ChannelType) -> NDArray[np.uint8]:
        needed: list[Fragment] = []  # from the newest keyframe on
        for fragment in self.fragments[channel]:
            if fragment.pts > self.pts:
                break
            needed = [fragment] if fragment.keyframe else [*needed, fragment]
        init = self.inits[needed[0].init_id]
        data = b"".join([init.data, *(fragment.data for fragment in needed)])
        with av.open(io.BytesIO(data), "r") as container:
            frame = next(each for each in container.decode(video=0) if each.pts == self.pts)
            return frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


async def look(camera: Camera, subscriptions: ChannelSubscriptionManager, seconds: float) -> None:
    """Watch a camera for this long, so that there is something to measure."""
    connection = subscriptions.open(camera, ())  # both channels run, though nothing is sent
    with closing(subscriptions.read([(camera, connection)])):
        await asyncio.sleep(seconds)


async def deliver(
    camera: Camera,
    subscriptions: ChannelSubscriptionManager,
    quality: QualityLevel,
    timeout_s: float = TIMEOUT_S,
) -> Delivered:
    """Watch both channels until they have a new frame in common that the detector has looked at.

    So it shows what was changed just before. After ``PATIENCE_S`` any frame will do: the camera
    gives no new one, or the detector is slow.
    Raises SourceUnreachableError when there is none within ``timeout_s``, and LimitError.
    """
    qualities: dict[str, QualityLevel] = dict.fromkeys(ChannelType, quality)
    connection = subscriptions.open(camera, ChannelType, qualities, by_url=True)
    asked_ns = monotonic_ns()
    patient_until_ns = asked_ns + round(PATIENCE_S * NS_PER_S)
    fragments: dict[str, list[Fragment]] = {kind: [] for kind in ChannelType}
    try:
        with closing(subscriptions.read([(camera, connection)])) as reader:
            async with asyncio.timeout(timeout_s), aclosing(reader.batches()) as batches:
                async for events in batches:
                    for fragment in fragments_of(events, camera.stream):
                        fragments[fragment.key.channel].append(fragment)
                    patient = monotonic_ns() < patient_until_ns
                    pts = _newest_in_common(fragments, asked_ns if patient else None)
                    if pts is not None:
                        return Delivered(pts, dict(camera.stream.inits), fragments)
    except TimeoutError:
        pass
    pts = _newest_in_common(fragments, None)
    if pts is not None:
        return Delivered(pts, dict(camera.stream.inits), fragments)
    raise SourceUnreachableError(
        f"camera '{camera.camera_id}' delivered no picture", hint=f"It is {camera.state}."
    )


def _newest_in_common(fragments: Mapping[str, list[Fragment]], since_ns: int | None) -> int | None:
    """Return its pts. ``since_ns``: captured from then on and looked at; None: any."""
    raw, annotated = (
        {frame.pts: frame for fragment in each for frame in fragment.frames}
        for each in fragments.values()
    )
    common = [pts for pts in annotated if pts in raw]
    if since_ns is not None:
        common = [pts for pts in common if _is_new(annotated[pts], since_ns)]
    return max(common, default=None)


def _is_new(frame: EncodedFrame, since_ns: int) -> bool:
    seen = frame.boxes is None or frame.boxes.detections_pts is not None
    return seen and frame.captured_ns >= since_ns
