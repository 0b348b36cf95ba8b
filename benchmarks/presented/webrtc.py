"""Sends fragments as they come over WebRTC, by aiortc: the same H.264, in RTP."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription

from streamlab.client import Fragment, Init
from streamlab.client.mp4 import avc_configuration, frames_data
from streamlab.core.h264.nal import split_length_prefixed
from streamlab.core.h264.parameter_sets import ParameterSets

START_CODE = b"\x00\x00\x00\x01"
TIME_BASE = Fraction(1, 90_000)
MAX_WAITING = 60  # beyond them the oldest go, up to a keyframe


def parameter_sets(init: bytes) -> bytes:
    """Return SPS and PPS of an init segment, with start codes."""
    sets = ParameterSets.from_extradata(avc_configuration(init))
    return b"".join(START_CODE + nal for nal in (sets.sps, *sets.pps))


def annex_b(sample: bytes) -> bytes:
    """Return a sample with start codes in place of its 4-byte lengths."""
    return b"".join(START_CODE + nal for nal in split_length_prefixed(sample, 4))


class FragmentTrack(MediaStreamTrack):
    """A track that sends fragments from the next keyframe on, without encoding anything."""

    kind = "video"

    def __init__(self, init: Init) -> None:
        super().__init__()
        self._parameter_sets = parameter_sets(init.data)
        self._packets: asyncio.Queue[av.Packet[Any]] = asyncio.Queue(MAX_WAITING)
        self._needs_key = True

    def receive(self, fragment: Fragment) -> None:
        """Take the next fragment."""
        self._needs_key = self._needs_key and not fragment.keyframe
        if self._needs_key:
            return
        for index, sample in enumerate(frames_data(fragment.data)):
            key = fragment.keyframe and index == 0
            packet = av.Packet((self._parameter_sets if key else b"") + annex_b(sample))
            packet.pts, packet.time_base = fragment.frames[index].pts, TIME_BASE
            if self._packets.full():
                self._needs_key = True
                return
            self._packets.put_nowait(packet)

    async def recv(self) -> av.Packet[Any]:
        """Return the next frame."""
        return await self._packets.get()


async def answer(
    track: FragmentTrack, offer: dict[str, str]
) -> tuple[RTCPeerConnection, dict[str, str]]:
    """Return a connection that sends the track, and what to answer to an offer of H.264 only."""
    connection = RTCPeerConnection()
    await connection.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
    connection.addTrack(track)
    await connection.setLocalDescription(await connection.createAnswer())
    local = connection.localDescription
    return connection, {"sdp": local.sdp, "type": local.type}
