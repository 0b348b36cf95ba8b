"""Pictures find their packets again, whatever the decoders of other cameras do meanwhile."""

from __future__ import annotations

from pathlib import Path

import av
from av.codec.context import Flags

from streamlab.media.packet_queue import MAX_PACKETS_IN_DECODER, PacketQueue
from tests.fakes import h264_streams
from tests.fakes.h264_streams import Piece


def packets_of(container: av.container.InputContainer) -> list[av.Packet[av.VideoStream]]:
    stream = container.streams.video[0]
    stream.thread_type = "NONE"
    stream.codec_context.flags |= Flags.copy_opaque
    return [packet for packet in container.demux(stream) if packet.size]


def test_the_packets_of_two_cameras_are_not_mixed_up(tmp_path: Path) -> None:
    path = h264_streams.write(tmp_path / "video.ts", h264_streams.access_units(Piece()))
    with av.open(str(path)) as container:
        queue, packets = PacketQueue(), packets_of(container)
        with av.open(str(path)) as other:
            for packet in packets_of(other):
                PacketQueue().receive_packet(packet)
                packet.decode()
            for packet in packets:
                queue.receive_packet(packet)
        # FFmpeg has freed what the other camera's pictures carried.
        taken = [queue.take(frame) for packet in packets for frame in packet.decode()]
    assert [own.data for own in taken if own] == [bytes(packet) for packet in packets]


def test_what_a_decoder_never_shows_is_not_kept_for_ever(tmp_path: Path) -> None:
    units = h264_streams.access_units(Piece(frames=MAX_PACKETS_IN_DECODER + 10, gop=1000))
    path = h264_streams.write(tmp_path / "video.ts", units)
    with av.open(str(path)) as container:
        queue = PacketQueue()
        packets = packets_of(container)
        for packet in packets:
            queue.receive_packet(packet)
        frames = [frame for packet in packets for frame in packet.decode()]
        taken = [queue.take(frame) for frame in frames]
    assert taken[:10] == [None] * 10
    assert [own.data for own in taken if own] == [bytes(packet) for packet in packets[10:]]
