"""What a detector and its clients send each other, as MessagePack, and what they accept.

Each end validates what it receives: a client may be a process that has been taken over by a camera,
and a detector one that has been taken over by a model.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias, TypeVar

import msgspec

from streamlab.detect.detector import DetectorKind
from streamlab.detect.remote.memory import MAX_NAME_CHARS
from streamlab.processes.message_socket import MessageError

MAX_REQUEST_BYTES = 1 << 14
MAX_ANSWER_BYTES = 64 << 20
MAX_CONTROL_BYTES = 1 << 16
MAX_REQUEST_PICTURES = 64
MAX_TEXT_CHARS = 4096
MAX_COLUMNS = 16
MAX_SIDE_PX = 1 << 15

Side: TypeAlias = Annotated[int, msgspec.Meta(ge=2, le=MAX_SIDE_PX, multiple_of=2)]
Bytes: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
Ticks: TypeAlias = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]
CodePoint: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1023)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARS)]
Key: TypeAlias = Annotated[str, msgspec.Meta(max_length=64)]
T = TypeVar("T")


class PlacedPicture(msgspec.Struct, frozen=True, array_like=True):
    """A picture in shared memory: rows of ``stride`` bytes of Y, then of half of that of U, V."""

    width: Side
    height: Side
    stride: Side
    offset: Bytes
    pts: Ticks
    colour: tuple[CodePoint, CodePoint, CodePoint, CodePoint]
    """Range, matrix, primaries, transfer, as FFmpeg has them."""

    @property
    def size(self) -> int:
        """Bytes of its planes."""
        return self.stride * self.height * 3 // 2


class Memory(msgspec.Struct, frozen=True):
    """Shared memory that replaces the one before."""

    size: Bytes
    name: Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARS)]
    """'' if its descriptor comes with the message."""


class Request(msgspec.Struct, frozen=True):
    """Asks for the detections of some pictures; there is one at a time on a connection."""

    number: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
    pictures: Annotated[
        list[PlacedPicture], msgspec.Meta(min_length=1, max_length=MAX_REQUEST_PICTURES)
    ]
    memory: Memory | None = None


class Column(msgspec.Struct, frozen=True):
    """An array with a row per box: as numpy describes it, and its bytes."""

    dtype: Annotated[str, msgspec.Meta(max_length=16)]
    shape: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=8)]
    data: bytes


class Rows(msgspec.Struct, frozen=True):
    """The detections of a picture."""

    count: Annotated[int, msgspec.Meta(ge=0, le=1 << 16)]
    columns: Annotated[dict[Key, Column], msgspec.Meta(max_length=MAX_COLUMNS)] = {}
    """``xyxy`` and those of confidence, class_id and tracker_id that there are."""
    data: Annotated[dict[Key, Column], msgspec.Meta(max_length=MAX_COLUMNS)] = {}
    """Of ``Detections.data``."""
    mask: Column | None = None
    """Packed bits, row by row; ``shape`` is ``(count, height, width)``."""
    incomplete: bool = False
    """See ``answer.is_complete``."""


class Answer(msgspec.Struct, frozen=True):
    """Answers a request: the rows of each picture, in order, or an error."""

    number: int
    rows: list[Rows] = []
    error: Text | None = None
    hint: Text = ""
    counts: Annotated[dict[Key, int], msgspec.Meta(max_length=MAX_COLUMNS)] = {}
    """What was dropped: ``checked_detections`` and ``rows`` name it."""


class ConnectionRequest(msgspec.Struct, frozen=True, tag="connect"):
    """A client asks its supervisor for a connection to the detector."""

    pid: int
    """Its process: Windows passes sockets to a process."""


class ConnectionReply(msgspec.Struct, frozen=True):
    """Gives a client its connection, which comes with the message, or the reason why not."""

    refusal: Text = ""
    share: bytes = b""
    """See ``message_socket.share_of``."""


class Accept(msgspec.Struct, frozen=True, tag="accept"):
    """Gives a detector process a new connection, which comes with the message."""

    share: bytes = b""


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Asks a detector process for its progress."""


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """A detector process has loaded its model."""

    name: Text
    kind: DetectorKind


class LoadFailed(msgspec.Struct, frozen=True, tag="failed"):
    """A detector process could not load its model, and ends."""

    error: Key
    """Name of the class in ``streamlab.errors``."""
    message: Text
    hint: Text


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How many batches a detector has begun and ended."""

    begun: int
    ended: int
    counts: Annotated[dict[Key, int], msgspec.Meta(max_length=64)] = {}


ToDetector: TypeAlias = Accept | Ping
FromDetector: TypeAlias = Loaded | LoadFailed | Progress

_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode
REQUEST = msgspec.msgpack.Decoder(Request)
ANSWER = msgspec.msgpack.Decoder(Answer)
CONNECTION_REQUEST = msgspec.msgpack.Decoder(ConnectionRequest)
CONNECTION_REPLY = msgspec.msgpack.Decoder(ConnectionReply)
TO_DETECTOR: msgspec.msgpack.Decoder[ToDetector] = msgspec.msgpack.Decoder(ToDetector)
FROM_DETECTOR: msgspec.msgpack.Decoder[FromDetector] = msgspec.msgpack.Decoder(FromDetector)


def decode(decoder: msgspec.msgpack.Decoder[T], message: bytes) -> T:
    """Return a message. Raises MessageError if it is not what the decoder is for."""
    try:
        return decoder.decode(message)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MessageError(str(error)) from None


def clipped(text: str) -> str:
    """Return a text, cut to what a message may hold and without what cannot be encoded."""
    return text[:MAX_TEXT_CHARS].encode("utf-8", "replace").decode()
