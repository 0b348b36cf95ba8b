"""The bytes of a camera's events, as a worker process sends them to the server.

MessagePack, decoded into the types of the events and nothing else: a worker runs what others
made, and may say anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import msgspec

from streamlab.camera.frame import DetectionTimed, SourceChanged
from streamlab.camera.producer import HealthChanged, ProducerEvent, ReleaseBatch, SyncStateChanged
from streamlab.core.events import Sync
from streamlab.core.mp4.fragment import Fragment, InitSegment

# The position of a type is its number on the wire: both ends run the same code.
_TYPES: tuple[type[ProducerEvent], ...] = (
    ReleaseBatch,
    Fragment,
    DetectionTimed,
    InitSegment,
    SourceChanged,
    Sync,
    HealthChanged,
    SyncStateChanged,
)
_NUMBERS = {type_: number for number, type_ in enumerate(_TYPES)}


def _to_plain(value: object) -> object:
    if isinstance(value, Fraction):
        return value.numerator, value.denominator
    raise NotImplementedError(f"{type(value).__name__} is not sent")


def _from_plain(type_: type, value: Any) -> object:
    if type_ is Fraction:
        return Fraction(*value)
    raise NotImplementedError(f"{type_.__name__} is not received")


encoder = msgspec.msgpack.Encoder(enc_hook=_to_plain)


def decoder(type_: Any) -> msgspec.msgpack.Decoder[Any]:
    """Return a decoder that accepts nothing but values of a type."""
    return msgspec.msgpack.Decoder(type_, dec_hook=_from_plain)


_DECODERS = tuple(decoder(type_) for type_ in _TYPES)
Encoded = list[tuple[int, msgspec.Raw]]


def encode_events(events: Sequence[ProducerEvent]) -> Encoded:
    """Return events as they are put into a message."""
    return [(_NUMBERS[type(each)], msgspec.Raw(encoder.encode(each))) for each in events]


def decode_events(encoded: Encoded) -> list[ProducerEvent]:
    """Return the events of a message. Raises msgspec.ValidationError for anything else."""
    return [_decoder_of(number).decode(raw) for number, raw in encoded]


def _decoder_of(number: int) -> msgspec.msgpack.Decoder[Any]:
    if not 0 <= number < len(_DECODERS):
        raise msgspec.ValidationError(f"there is no event {number}")
    return _DECODERS[number]
