"""A client for the wire protocol, blocking or with asyncio. Needs the extra ``client``.

    from streamlab.client import Client

    with Client("http://127.0.0.1:8000") as client, client.watch("street", "both") as stream:
        for frame in stream.frames():
            print(frame.channel, frame.pts, frame.image.shape, len(frame.detections))

It imports nothing from the server: all it knows about a server is what arrives over the wire.
"""

from streamlab.client.asynchronous import AsyncClient
from streamlab.client.blocking import Client, Stream
from streamlab.client.drift import DeliveredDrift, DriftFigures
from streamlab.client.figures import ChannelFigures, ChannelMeter
from streamlab.client.pictures import Frame
from streamlab.client.problems import (
    NotAuthorizedError,
    RefusedError,
    ServerUnreachableError,
)
from streamlab.client.reconnect import Reconnect
from streamlab.client.record import RecordedFile, RecordError, Recording
from streamlab.client.session import Switch
from streamlab.client.stream import AsyncStream, StreamStats
from streamlab.protocol.parse import (
    ChannelSync,
    Connected,
    Detections,
    End,
    Event,
    Fragment,
    FrameInfo,
    Gap,
    Health,
    Heartbeat,
    Init,
    ProtocolError,
    Row,
    Source,
    Switched,
    Sync,
)

__all__ = [
    "AsyncClient",
    "AsyncStream",
    "ChannelFigures",
    "ChannelMeter",
    "ChannelSync",
    "Client",
    "Connected",
    "DeliveredDrift",
    "Detections",
    "DriftFigures",
    "End",
    "Event",
    "Fragment",
    "Frame",
    "FrameInfo",
    "Gap",
    "Health",
    "Heartbeat",
    "Init",
    "NotAuthorizedError",
    "ProtocolError",
    "Reconnect",
    "RecordError",
    "RecordedFile",
    "Recording",
    "RefusedError",
    "Row",
    "ServerUnreachableError",
    "Source",
    "Stream",
    "StreamStats",
    "Switch",
    "Switched",
    "Sync",
]
