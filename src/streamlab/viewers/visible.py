"""Leaves out of a status what a viewer may not know: the channels that are kept from it.

Whoever sees a camera sees what concerns it as a whole: its source, its counters of frames, and the
worst state of its channels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from streamlab.core.access import Access, CameraAccess
from streamlab.protocol.health import ChannelHealth
from streamlab.protocol.status import CameraStatus, StreamStatus, SyncFigures, WorkerStatus

T = TypeVar("T")
_RELEASED = "released_"


def visible_status(status: CameraStatus, access: CameraAccess) -> CameraStatus:
    """Return the status of a camera with the channels that a viewer may see."""
    if access.watches_all:
        return status
    channels = tuple(each for each in status.channels if access.watches(each.name))
    stream = visible_stream(status.stream, access)
    return replace(status, channels=channels, stream=stream, errors=tuple(_errors(channels)))


def visible_stream(status: StreamStatus, access: CameraAccess) -> StreamStatus:
    """Return the status of a stream with the channels that a viewer may see."""
    if access.watches_all:
        return status
    counts = {
        name: count
        for name, count in status.counts.items()
        if not name.startswith(_RELEASED) or access.watches(name.removeprefix(_RELEASED))
    }
    viewers = replace(status.viewers, subscriptions=_of(status.viewers.subscriptions, access))
    return replace(
        status, counts=counts, viewers=viewers, channel_counts=_of(status.channel_counts, access)
    )


def visible_figures(figures: SyncFigures, access: CameraAccess) -> SyncFigures:
    """Return the synchronisation of a camera with the channels that a viewer may see."""
    return replace(figures, channels=_of(figures.channels, access))


def visible_worker(worker: WorkerStatus, access: Access) -> WorkerStatus:
    """Return the status of a worker with the cameras that a viewer may see."""
    return replace(worker, cameras=tuple(filter(access.sees, worker.cameras)))


def _of(by_channel: Mapping[str, T], access: CameraAccess) -> dict[str, T]:
    return {name: each for name, each in by_channel.items() if access.watches(name)}


def _errors(channels: Iterable[ChannelHealth]) -> dict[str, None]:
    """Return why parts of the channels fail, without duplicates."""
    parts = (getattr(each, name) for each in channels for name in sorted(each.failing))
    return dict.fromkeys(str(part.detail) for part in parts)
