"""Detects streams without a length that arrive faster than they play, such as chunked recordings.

A stream is a recording if it is ahead of the clock by more than ``AHEAD_PTS``, counted from when it
was requested, or has ended already. A live camera may start with its newest GOP, which is shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_MS, TIMESCALE, ns_to_pts, to_pts

if TYPE_CHECKING:
    import av

    Packet: TypeAlias = av.Packet[av.VideoStream]

AHEAD_PTS = 3 * TIMESCALE
MAX_READ_NS = 300 * NS_PER_MS
MAX_BYTES = 16 << 20


def read_ahead(
    packets: Iterator[Packet], asked_ns: int, now_ns: Callable[[], int] = monotonic_ns
) -> tuple[list[Packet], bool]:
    """Read packets until it is known whether the stream is ahead.

    Args:
        packets: the packets of the stream, from its start.
        asked_ns: when the stream was requested, on the clock of ``now_ns``.
        now_ns: the clock, ns.

    Returns:
        The packets read, and True if the stream is ahead. A live camera takes up to 300 ms and
        one frame.
    """
    started_ns = now_ns()
    taken: list[Packet] = []
    first: int | None = None
    size = 0
    for packet in packets:
        taken.append(packet)
        size += packet.size
        stamp = packet.pts if packet.dts is None else packet.dts
        if stamp is not None and packet.time_base is not None:
            time = to_pts(stamp, packet.time_base)
            first = time if first is None else first
            if time - first - ns_to_pts(now_ns() - asked_ns) > AHEAD_PTS:
                return taken, True
        if size > MAX_BYTES or now_ns() - started_ns > MAX_READ_NS:
            return taken, False
    return taken, True
