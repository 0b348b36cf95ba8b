"""The packets that a decoder holds, until their pictures come out."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import av

MAX_PACKETS_IN_DECODER = 64


class SourcePacket(NamedTuple):
    """An access unit as its source carried it."""

    data: bytes
    extradata: bytes | None
    """Parameter sets that the container gave before it, where they changed."""


class _Ticket(NamedTuple):
    # An object of its own for each packet: PyAV knows what it carries by identity alone, so that
    # the number itself would be mistaken for the equal one of another camera.
    number: int


class _Held(NamedTuple):
    number: int
    data: bytes
    extradata: bytes | None


class PacketQueue:
    """Pairs pictures with their packets, by a number that FFmpeg hands through its decoder.

    The decoder's ``copy_opaque`` must be set.
    """

    def __init__(self) -> None:
        self._number = 0
        self._held: deque[_Held] = deque()

    def receive_packet(self, packet: av.Packet[av.VideoStream]) -> None:
        """Take a packet before it is decoded."""
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
        """Return the packet of a decoded picture; None when it is not held.

        What came before it without a picture of its own (parameter sets, say) is joined to it.
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
