"""Server-sent events: what viewers are sent, encoded once and shared between viewers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from streamlab.core.events import ControlEvent, Health
from streamlab.core.mp4.fragment import to_base64
from streamlab.core.stream.connection import Configuration, Delivered, Delivery
from streamlab.core.stream.ring import Released

MAX_SHARED_EVENTS = 64

_msgspec = msgspec.json.Encoder(enc_hook=str)  # for subclasses of str
_json = json.JSONEncoder(separators=(",", ":"))


class Form(NamedTuple):
    """The form in which one reader wants its events."""

    media_path: str = ""
    """Fragments carry a URL below this path; if empty, they carry their media in base64."""
    camera_id: str = ""
    """Included in every event of a reader that reads several cameras; if empty, omitted."""


class EventEncoder:
    """Encodes the events of one camera, once for all readers that want the same form."""

    def __init__(self) -> None:
        # Keyed by identity: the event is kept with its bytes, so its id is not reused.
        self._shared: dict[tuple[int, str], tuple[ControlEvent, bytes]] = {}

    def encode(self, item: Delivered, form: Form) -> bytes:
        """Return an event in the server-sent events format."""
        if isinstance(item, Delivery):
            return encode_fragment(item.entry, form, cached=item.cached)
        if isinstance(item, Configuration):
            return _event("init", _init_members(item), form.camera_id)
        key = (id(item), form.camera_id)
        found = self._shared.get(key)
        if found is None:
            found = self._shared[key] = (item, encode(item, form.camera_id))
            if len(self._shared) > MAX_SHARED_EVENTS:
                del self._shared[next(iter(self._shared))]
        return found[1]


def encode(event: ControlEvent, camera_id: str = "") -> bytes:
    """Return a control event in the server-sent events format, with ``camera_id`` if given."""
    if isinstance(event, Health):
        members: Mapping[str, object] = {"channel": event.channel, **event.report}
    else:
        members = {name: getattr(event, name) for name in event.__slots__}
    return _event(event.name, members, camera_id)


def encode_fragment(entry: Released, form: Form, *, cached: bool) -> bytes:
    """Return the event of a fragment in the server-sent events format.

    Args:
        entry: the fragment; its ``memo`` caches the bytes for readers that want the same form.
        form: the reader's form.
        cached: the fragment was released before the viewer joined.
    """
    key = (entry.fragment.sequence, cached, form)
    event = entry.memo.get(key)
    if event is None:
        event = entry.memo[key] = _fragment_event(entry, form, cached)
    return event


def _fragment_event(entry: Released, form: Form, cached: bool) -> bytes:
    fragment = entry.fragment
    name = f"{fragment.key.channel}/{fragment.key.quality}/{fragment.sequence}"
    if form.media_path:
        media = f'"url":"{form.media_path}/{name}.m4s'.encode()
    else:
        media = b'"data":"' + (fragment.payload or to_base64(fragment.data))
    camera = f'"camera_id":"{form.camera_id}",' if form.camera_id else ""
    head = f"id: {name}\nevent: fragment\ndata: {{{camera}"
    tail = f'","released_at":{entry.released_at:.6f},"cached":{str(cached).lower()}}}\n\n'
    return b"".join((head.encode(), fragment.members, b",", media, tail.encode()))


def _init_members(configuration: Configuration) -> dict[str, object]:
    key, init = configuration
    return {
        "channel": key.channel,
        "quality": key.quality,
        "init_id": init.init_id,
        "codec": init.codec,
        "width": init.width,
        "height": init.height,
        "fps": init.fps,
        "data": to_base64(init.data).decode(),
    }


def _event(name: str, members: Mapping[str, object], camera_id: str) -> bytes:
    if camera_id:
        members = {"camera_id": camera_id, **members}
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _to_json(members))


def _to_json(members: Mapping[str, object]) -> bytes:
    try:
        return _msgspec.encode(members)
    except UnicodeEncodeError:  # a lone surrogate, in text from a source
        return _json.encode(members).encode()
