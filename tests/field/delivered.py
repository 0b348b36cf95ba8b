"""What a file becomes: the init segments and fragments that viewers are sent, and their pictures.

Capture and encoders run in the caller's thread, so that no picture is lost on a busy machine.
"""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import supervision as sv

from streamlab.camera import capture
from streamlab.camera.capture import Capture
from streamlab.camera.channel_encoder import ChannelEncoder
from streamlab.camera.frame import CapturedFrame, SourceChanged
from streamlab.client.mp4 import avc_configuration, frames_data
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, SourceState
from streamlab.core.mp4.fragment import Boxes, Fragment, InitSegment
from streamlab.core.time.keyframes import KeyframeClock
from streamlab.detect.draw import BoxRenderer
from streamlab.media.opening import open_source
from streamlab.media.picture import plane_view
from streamlab.media.spec import SourceSpec

Plane = npt.NDArray[np.uint8]
SOURCE = ChannelKey(ChannelType.RAW, QualityLevel.SOURCE)
BOX = (40, 60, 120, 120)
"""Where something is found on every picture, px: left, top, right, bottom."""
FOUND = sv.Detections(xyxy=np.array([BOX], np.float32), class_id=np.array([0]))


def raw(quality: QualityLevel) -> ChannelKey:
    return ChannelKey(ChannelType.RAW, quality)


def annotated(quality: QualityLevel) -> ChannelKey:
    return ChannelKey(ChannelType.ANNOTATED, quality)


@dataclass
class Delivered:
    """All that was emitted; ``details`` says of each frame why it was transcoded, or ''."""

    inits: list[InitSegment] = field(default_factory=list)
    fragments: list[Fragment] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    ended: str = ""
    """Why no more came."""

    def emit(self, item: InitSegment | Fragment) -> None:
        (self.inits if isinstance(item, InitSegment) else self.fragments).append(item)  # type: ignore[arg-type]

    def of(self, key: ChannelKey) -> list[list[Fragment]]:
        """Return the fragments of a quality, each run of one encoding by itself."""
        own = [fragment for fragment in self.fragments if fragment.key == key]
        return [list(run) for _, run in groupby(own, lambda fragment: fragment.init_id)]

    def media(self, key: ChannelKey) -> list[bytes]:
        """Return a quality as MP4 files, one for each run of one encoding."""
        inits = {init.init_id: init.data for init in self.inits}
        return [
            inits[run[0].init_id] + b"".join(fragment.data for fragment in run)
            for run in self.of(key)
        ]

    def frames(self, key: ChannelKey) -> list[av.VideoFrame]:
        """Decode a quality as players do."""
        return [frame for data in self.media(key) for frame in decode(data)]

    def frames_of_client(self, key: ChannelKey) -> list[av.VideoFrame]:
        """Decode a quality as our Python client does: by the `avcC` of the init segment."""
        inits = {init.init_id: init.data for init in self.inits}
        frames: list[av.VideoFrame] = []
        for run in self.of(key):
            context = av.CodecContext.create("h264", "r")
            assert isinstance(context, av.VideoCodecContext)
            context.extradata = avc_configuration(inits[run[0].init_id])
            for data in (data for fragment in run for data in frames_data(fragment.data)):
                frames += context.decode(av.Packet(data))
            frames += context.decode(None)
        return frames


def decode(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data), "r", format="mp4") as container:
        return list(container.decode(container.streams.video[0]))


def deliver(patch: pytest.MonkeyPatch, path: Path, *keys: ChannelKey) -> Delivered:
    """Play a file once, in these qualities; `BOX` is drawn on the annotated channel."""
    patch.setattr(capture, "MAX_LATE_NS", 1 << 62)
    delivered = Delivered()
    spec = SourceSpec.parse(f"{path}#once")
    clock = KeyframeClock(90_000)
    with closing(open_source(spec)) as source:
        encoders = [
            ChannelEncoder(channel, source.info.fps, 0.0, delivered.emit) for channel in ChannelType
        ]
        for encoder in encoders:
            encoder.wanted = frozenset(keys)
        clock.source_only = SOURCE in keys

        def encode(captured: CapturedFrame) -> bool:
            delivered.details.append(reader.judge.detail)
            encoders[0].encode(captured, captured.picture, None)
            drawn = captured.picture.copy()
            BoxRenderer().draw(drawn, FOUND)
            encoders[1].encode(captured, drawn, Boxes(captured.pts, []))
            return True

        def report(change: SourceChanged) -> None:
            delivered.ended = change.detail
            if change.state is SourceState.RECONNECTING:
                reader.stop()

        reader = Capture("field", spec, source, clock, encode, report)
        reader.start()
        reader.join()
    return delivered


def plane(frame: av.VideoFrame, index: int) -> Plane:
    """Return a plane of a frame, `(height, width)`."""
    return plane_view(frame.planes[index]).copy()


def luma(frame: av.VideoFrame) -> Plane:
    return plane(frame, 0)
