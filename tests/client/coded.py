"""Small H.264 channels of one captured scene: a picture tells its channel and its frame."""

from __future__ import annotations

import base64
from fractions import Fraction

import numpy as np

from streamlab.client import Frame
from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel
from streamlab.core.mp4.box import Sample, media_segment
from streamlab.media.encode import Encoder
from streamlab.media.picture import Picture
from tests.fakes import scripted_server as wire

WIDTH, HEIGHT = 64, 48
FRAME = 3000
GOP = 6
CHANNELS = ("raw", "annotated", "pose", "plates")
_LUMA_STEP, _CHROMA_STEP = 8, 40


class CodedChannel:
    """Events of one channel as a server sends them, released ``delay_s`` after raw."""

    def __init__(self, channel: str, *, delay_s: float = 0.0) -> None:
        key = ChannelKey(ChannelType.RAW, QualityLevel.HIGH)  # this encoder knows no other names
        self.channel = channel
        self._delay_s = delay_s
        self._encoder = Encoder(key, self._picture(0), Fraction(30))

    def init(self) -> bytes:
        made = self._encoder.init
        return wire.event(
            "init",
            {
                "channel": self.channel,
                "quality": "medium",
                "init_id": "i1",
                "codec": made.codec,
                "width": WIDTH,
                "height": HEIGHT,
                "fps": 30.0,
                "data": base64.b64encode(made.data).decode(),
            },
        )

    def fragment(self, number: int) -> bytes:
        """Return the event of frame ``number``; call it with 0, 1, 2, and so on."""
        pts, keyframe = number * FRAME, number % GOP == 0
        data = self._encoder.encode(self._picture(number), keyframe=keyframe)
        segment = media_segment(number, pts, [Sample(data, FRAME, keyframe)])
        return wire.fragment(
            number,
            keyframe=keyframe,
            channel=self.channel,
            released_at=1.0 + number / 30 + self._delay_s,
            data=base64.b64encode(segment).decode(),
        )

    def _picture(self, number: int) -> Picture:
        planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        planes[:HEIGHT] = 40 + _LUMA_STEP * number
        planes[HEIGHT:] = 60 + _CHROMA_STEP * CHANNELS.index(self.channel)
        return Picture.from_planes(planes, number * FRAME)


def shown_by(frame: Frame) -> tuple[str, int]:
    """Return the channel and the number of the frame, as its pixels say."""
    planes = frame.picture.to_ndarray()
    luma, chroma = float(np.median(planes[:HEIGHT])), float(np.median(planes[HEIGHT:]))
    return CHANNELS[round((chroma - 60) / _CHROMA_STEP)], round((luma - 40) / _LUMA_STEP)
