"""Keeps packets until the decoder returns their frames."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import av

MAX_PACKETS_IN_DECODER = 64


class SourcePacket(NamedTuple):
    """An access unit as its source carried it."""

    data: bytes
    extradata: bytes | None
    """New parameter sets that the container gave before it; None if unchanged."""


class _Ticket(NamedTuple):
    # A separate object for each packet: PyAV tells opaque values apart by identity alone, so a
    # plain number would be mistaken for the equal one of another camera.
    number: int


class _Held(NamedTuple):
    number: int
    data: bytes
    extradata: bytes | None


class PacketQueue:
    """Pairs frames with their packets, by a number that FFmpeg passes through its decoder.

    The decoder's ``copy_opaque`` flag must be set. Holds at most ``MAX_PACKETS_IN_DECODER``
    packets, and drops the oldest first.
    """

    def __init__(self) -> None:
        self._number = 0
        self._held: deque[_Held] = deque()

    def receive_packet(self, packet: av.Packet[av.VideoStream]) -> None:
        """Number and record a packet, before it is decoded."""
        if not packet.size:
            return
        self._number += 1
        packet.opaque = _Ticket(self._number)
        is_new = packet.has_sidedata("new_extradata")
        extradata = bytes(packet.get_sidedata("new_extradata")) if is_new else None
        self._held.append(_Held(self._number, bytes(packet), extradata))
        if len(self._held) > MAX_PACKETS_IN_DECODER:
            self._held.popleft()

    def take(self, frame: av.VideoFrame) -> SourcePacket | None:
        """Return the packet of a decoded frame, or None if it is not held.

        Earlier packets without a frame of their own (parameter sets, for example) are joined to it.
        """
        ticket = frame.opaque
        if not isinstance(ticket, _Ticket) or not self._held:
            return None
        number = ticket.number
        if self._held[0].number > number:
            return None
        taken = []
        while self._held and self._held[0].number <= number:
            taken.append(self._held.popleft())
        extradata = next((each.extradata for each in reversed(taken) if each.extradata), None)
        return SourcePacket(b"".join(each.data for each in taken), extradata)
