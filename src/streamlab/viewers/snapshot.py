"""Takes one frame of a camera in both channels, as delivered: encoded, for others to decode."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from streamlab.clock import monotonic_ns
from streamlab.core.channels import ChannelType
from streamlab.core.mp4.fragment import EncodedFrame, Fragment
from streamlab.core.stream.connection import Configuration, Delivered, Delivery
from streamlab.core.time.timebase import NS_PER_S
from streamlab.viewers.reader import Reader

TIMEOUT_S = 10.0
PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class EncodedChannel:
    """What a decoder needs for one frame: the init segment and the fragments from a keyframe on."""

    init: bytes
    fragments: tuple[Fragment, ...]


@dataclass(frozen=True, slots=True)
class EncodedSnapshot:
    """The encoded frame with this ``pts`` in each channel."""

    pts: int
    channels: Mapping[str, EncodedChannel]


@dataclass(slots=True)
class _Received:
    """What one channel has delivered so far."""

    init: bytes = b""
    fragments: list[Fragment] = field(default_factory=list)

    @property
    def frames(self) -> dict[int, EncodedFrame]:
        return {frame.pts: frame for fragment in self.fragments for frame in fragment.frames}

    def up_to(self, pts: int) -> EncodedChannel:
        needed: list[Fragment] = []
        for fragment in self.fragments:
            if fragment.pts > pts:
                break
            needed = [fragment] if fragment.keyframe else [*needed, fragment]
        return EncodedChannel(self.init, tuple(needed))


async def take_snapshot(reader: Reader, timeout_s: float) -> EncodedSnapshot | None:
    """Read both channels until they share a new frame that the detector has processed.

    Such a frame shows changes made just before the call. After ``PATIENCE_S`` any frame will do:
    the camera gives no new one, or the detector is slow. Returns None if there is no frame within
    ``timeout_s``.
    """
    asked_ns = monotonic_ns()
    patient_until_ns = asked_ns + round(PATIENCE_S * NS_PER_S)
    received = {str(channel): _Received() for channel in ChannelType}
    try:
        async with asyncio.timeout(timeout_s), aclosing(reader.item_batches()) as batches:
            async for items in batches:
                _receive(received, (item for _, item in items))
                patient = monotonic_ns() < patient_until_ns
                pts = _newest_in_common(received, asked_ns if patient else None)
                if pts is not None:
                    return _snapshot(received, pts)
    except TimeoutError:
        pass
    pts = _newest_in_common(received, None)
    return None if pts is None else _snapshot(received, pts)


def _receive(received: dict[str, _Received], items: Iterable[Delivered]) -> None:
    for item in items:
        if isinstance(item, Configuration):
            received[item.key.channel] = _Received(item.init.data)
        elif isinstance(item, Delivery):
            fragment = item.entry.fragment
            received[fragment.key.channel].fragments.append(fragment)


def _snapshot(received: Mapping[str, _Received], pts: int) -> EncodedSnapshot:
    return EncodedSnapshot(pts, {name: each.up_to(pts) for name, each in received.items()})


def _newest_in_common(received: Mapping[str, _Received], since_ns: int | None) -> int | None:
    """Return the newest pts that both channels hold, or None.

    With ``since_ns``, only frames captured since then that the detector has processed count.
    """
    raw, annotated = (received[channel].frames for channel in ChannelType)
    common = [pts for pts in annotated if pts in raw]
    if since_ns is not None:
        common = [pts for pts in common if _is_new(annotated[pts], since_ns)]
    return max(common, default=None)


def _is_new(frame: EncodedFrame, since_ns: int) -> bool:
    seen = frame.boxes is None or frame.boxes.detections_pts is not None
    return seen and frame.captured_ns >= since_ns
