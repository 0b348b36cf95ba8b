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

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.fragment import Fragment, InitSegment
from streamlab.core.keyframes import KeyframeClock
from streamlab.media.picture import plane_view
from streamlab.media.source import open_source
from streamlab.media.spec import SourceSpec
from streamlab.pipeline import capture
from streamlab.pipeline.capture import Capture
from streamlab.pipeline.frame import CapturedFrame
from streamlab.pipeline.lane import EncodingLane

Plane = npt.NDArray[np.uint8]
SOURCE = ChannelKey(ChannelType.RAW, QualityLevel.SOURCE)
HIGH = ChannelKey(ChannelType.RAW, QualityLevel.HIGH)


@dataclass
class Delivered:
    """All that was emitted; ``details`` says of each frame why it was transcoded, or ''."""

    inits: list[InitSegment] = field(default_factory=list)
    fragments: list[Fragment] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

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


def decode(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data), "r", format="mp4") as container:
        return list(container.decode(container.streams.video[0]))


def deliver(patch: pytest.MonkeyPatch, path: Path, *keys: ChannelKey) -> Delivered:
    """Play a file once, in these qualities of the raw channel."""
    patch.setattr(capture, "MAX_LATE_NS", 1 << 62)
    delivered = Delivered()
    spec = SourceSpec.parse(f"{path}#once")
    clock = KeyframeClock(90_000)
    with closing(open_source(spec)) as source:
        lane = EncodingLane(ChannelType.RAW, source.info.fps, 0.0, delivered.emit)
        lane.wanted = frozenset(keys)
        clock.source_only = SOURCE in keys

        def encode(captured: CapturedFrame) -> bool:
            delivered.details.append(reader.judge.detail)
            lane.encode(captured, captured.picture, None)
            return True

        reader = Capture("field", spec, source, clock, encode, lambda state, detail: None)
        reader.run()
    return delivered


def plane(frame: av.VideoFrame, index: int) -> Plane:
    """Return a plane of a frame, `(height, width)`."""
    return plane_view(frame.planes[index]).copy()


def luma(frame: av.VideoFrame) -> Plane:
    return plane(frame, 0)
