"""Bodies of requests, with the JSON types that the API describes.

Pydantic takes ``true`` and ``"1"`` for the number 1, and 1 for ``true``. Its strict mode does not,
but would refuse a list for a tuple and a name for an enumeration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Field, model_validator

MAX_VIEW_CHARS = 2048
MAX_ID_CHARS = 128
RawQuality = Literal["low", "medium", "high", "source", "auto"]
AnnotatedQuality = Literal["low", "medium", "high", "auto"]
_NAME = "[a-z][a-z0-9-]{0,31}"
# The patterns are for the description only: our own errors also name the channels there are.
ConnectionId = Annotated[str, Field(max_length=MAX_ID_CHARS)]
ChannelName = Annotated[
    str,
    Field(
        max_length=32,
        examples=["raw", "annotated"],
        json_schema_extra={"pattern": f"^{_NAME}$"},
    ),
]
ViewName = Annotated[
    str,
    Field(
        max_length=MAX_VIEW_CHARS,
        examples=["raw", "annotated", "both"],
        json_schema_extra={"pattern": f"^{_NAME}(,{_NAME})*$"},
    ),
]
_TAKEN = {int: (int, float), float: (int, float), bool: (bool,), NoneType: (NoneType,)}


class Body(BaseModel):
    """A JSON object whose numbers are numbers, and whose booleans are booleans."""

    @model_validator(mode="before")
    @classmethod
    def _check(cls, value: object) -> object:
        if isinstance(value, dict):
            check_numbers(value, {name: each.annotation for name, each in cls.model_fields.items()})
        return value


class SubscribeRequest(Body):
    """The channel to add to a connection; without ``connection_id``, one is reserved."""

    channel_type: ChannelName
    quality: RawQuality | None = None
    connection_id: ConnectionId | None = None


class SwitchRequest(Body):
    """What a connection is sent from now on."""

    new_channel: ViewName
    connection_id: ConnectionId
    quality: RawQuality | None = None


def check_numbers(members: Mapping[Any, object], types: Mapping[str, Any]) -> None:
    """Raise ValueError if a member that is to be a number or a boolean has another type."""
    for name, annotation in types.items():
        kinds = set(_kinds(annotation))
        if name in members and kinds <= _TAKEN.keys():
            taken = {each for kind in kinds for each in _TAKEN[kind]}
            if type(members[name]) not in taken:
                raise ValueError(f"{name} must be a {'boolean' if bool in kinds else 'number'}")


def _kinds(annotation: Any) -> Iterator[Any]:
    """Yield the types that a value with this annotation may have."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _kinds(arguments[0])
    elif origin in (Union, UnionType):
        for each in arguments:
            yield from _kinds(each)
    else:
        yield origin or annotation
