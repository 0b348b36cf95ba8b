"""Decodes the events of a stream into frames, with one decoder per camera and channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import av
import numpy as np
from av.codec.context import Flags
from av.error import InvalidDataError
from numpy.typing import NDArray

from streamlab.client.mp4 import avc_configuration, frames_data
from streamlab.core.time.timebase import TIMESCALE
from streamlab.protocol.parse import (
    Connected,
    Event,
    Fragment,
    FrameInfo,
    Gap,
    Init,
    Row,
    Switched,
)

Key = tuple[str, str]
"""Camera and channel."""


@dataclass(frozen=True)
class Frame:
    """A decoded picture of one channel."""

    camera_id: str
    channel: str
    quality: str
    pts: int
    """Ticks of 1/90000 s; a captured frame has the same PTS in every channel."""
    captured_at: float
    """Unix seconds, by the server's clock."""
    arrived_at: float
    detections: tuple[Row, ...]
    """The detections drawn on it, on annotated channels only; empty on raw."""
    detections_pts: int | None
    """PTS of the frame that the detections were computed on."""
    picture: av.VideoFrame = field(repr=False)
    """As decoded: YUV, not copied."""

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """RGB, uint8, ``(height, width, 3)``; converted on first access."""
        return self.picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


class FrameDecoder:
    """Turns a stream's events into frames. Decoding starts, and resumes after a gap, at a keyframe.

    After a switch the new channel takes over at the playhead: frames of its first GOP that were
    already returned, in whichever channel, are decoded but not returned again.
    """

    def __init__(self, inits: Iterable[Init] = ()) -> None:
        """``inits``: the init segments that the stream has delivered so far."""
        self.decode_errors = 0
        self._inits = {(init.camera_id, init.channel): init for init in inits}
        self._decoders: dict[Key, _Decoder] = {}
        self._newest_pts: dict[str, int] = {}
        self._floor_pts: dict[str, int] = {}
        self._stream_ids: dict[str, str] = {}

    def receive(self, event: Event) -> list[Frame]:
        """Process the next event; return the frames it completes, in order."""
        if isinstance(event, Fragment):
            return list(self._decode(event))
        if isinstance(event, Init):
            self._inits[event.camera_id, event.channel] = event
        elif isinstance(event, Gap):
            self._decoders.pop((event.camera_id, event.channel), None)
        elif isinstance(event, Switched):
            self._forget(event.camera_id)
            self._floor_pts[event.camera_id] = self._newest_pts.get(event.camera_id, -1)
        elif isinstance(event, Connected):
            self._reconnect(event)
        return []

    def _decode(self, fragment: Fragment) -> Iterator[Frame]:
        camera_id, key = fragment.camera_id, (fragment.camera_id, fragment.channel)
        decoder = self._decoder(key, fragment)
        if decoder is None:
            return
        try:
            pictures = [
                (info, picture)
                for info, data in zip(fragment.frames, frames_data(fragment.data), strict=False)
                for picture in decoder.decode(data)
            ]
        except InvalidDataError:
            self.decode_errors += 1
            del self._decoders[key]
            return
        for info, picture in pictures:
            if info.pts > self._floor_pts.get(camera_id, -1):
                self._newest_pts[camera_id] = max(info.pts, self._newest_pts.get(camera_id, -1))
                yield _frame(fragment, info, picture)

    def _decoder(self, key: Key, fragment: Fragment) -> _Decoder | None:
        decoder, init = self._decoders.get(key), self._inits.get(key)
        if init is None or init.init_id != fragment.init_id:
            return None
        if decoder is None or decoder.encoding != (fragment.quality, fragment.init_id):
            if not fragment.keyframe:
                return None
            decoder = self._decoders[key] = _Decoder(init)
        return decoder

    def _forget(self, camera_id: str) -> None:
        for key in [key for key in self._decoders if key[0] == camera_id]:
            del self._decoders[key]

    def _reconnect(self, connected: Connected) -> None:
        camera_id = connected.camera_id
        if self._stream_ids.get(camera_id) != connected.stream_id:  # a new timeline
            self._forget(camera_id)
            self._newest_pts.pop(camera_id, None)
            self._floor_pts.pop(camera_id, None)
        self._stream_ids[camera_id] = connected.stream_id


class _Decoder:
    """An H.264 decoder that returns each picture with its packet, without delay."""

    def __init__(self, init: Init) -> None:
        self.encoding = (init.quality, init.init_id)
        self._context = av.CodecContext.create("h264", "r")
        self._context.extradata = avc_configuration(init.data)
        self._context.flags |= Flags.low_delay  # no B-frames to wait for
        self._context.thread_count = 1  # each extra thread would add a frame of delay

    def decode(self, data: bytes) -> list[av.VideoFrame]:
        return self._context.decode(av.Packet(data))


def _frame(fragment: Fragment, info: FrameInfo, picture: av.VideoFrame) -> Frame:
    return Frame(
        camera_id=fragment.camera_id,
        channel=fragment.channel,
        quality=fragment.quality,
        pts=info.pts,
        captured_at=fragment.captured_at + (info.pts - fragment.pts) / TIMESCALE,
        arrived_at=fragment.arrived_at,
        detections=info.detections,
        detections_pts=info.detections_pts,
        picture=picture,
    )
