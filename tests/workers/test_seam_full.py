"""A server that lags: releases are dropped at the seam, up to a keyframe, and counted."""

from __future__ import annotations

import asyncio

from streamlab.bus.camera_at_work import MAX_UNSENT_BYTES, CameraAtWork
from streamlab.bus.events import decode_events
from streamlab.bus.replies import Events, Reply, Report
from streamlab.bus.requests import CameraDefinition
from streamlab.camera.frame import DetectionTimed
from streamlab.camera.producer import ReleaseBatch
from streamlab.core.channels import ChannelKey, QualityLevel
from streamlab.core.mp4.fragment import EncodedFrame, Fragment
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings

STREET = SourceSpec.parse("synthetic://traffic?width=160&height=90&fps=30")


class Lagging:
    """Keeps what is sent, and says how much the server has not taken."""

    def __init__(self) -> None:
        self.unsent_bytes = 0
        self.replies: list[Reply] = []

    def send(self, reply: Reply) -> None:
        self.replies.append(reply)

    def released(self) -> list[int]:
        """Return the sequences of the fragments that were sent."""
        batches = [each for each in self.replies if isinstance(each, Events)]
        events = [event for each in batches for event in decode_events(each.events)]
        return [
            fragment.sequence
            for event in events
            if isinstance(event, ReleaseBatch)
            for fragment in event.fragments
        ]


def release(sequence: int, *, keyframe: bool) -> ReleaseBatch:
    """Return a release of one fragment."""
    frame = EncodedFrame(sequence * 3000, 3000, keyframe, 9, 0, 0.0, 0)
    key = ChannelKey("raw", QualityLevel.MEDIUM)
    return ReleaseBatch([Fragment(key, sequence, "init", (frame,), b"data")], 0.0)


def test_what_the_server_has_no_time_for_is_dropped_up_to_a_keyframe() -> None:
    async def scenario() -> None:
        server = Lagging()
        definition = CameraDefinition("street", STREET, (), Settings(), 1)
        camera = CameraAtWork(1, definition, None, (), server)
        camera._receive([release(1, keyframe=True)])
        server.unsent_bytes = MAX_UNSENT_BYTES + 1
        camera._receive([release(2, keyframe=False), DetectionTimed("annotated", 0, None)])
        camera._receive([release(3, keyframe=True)])
        server.unsent_bytes = 0
        camera._receive([release(4, keyframe=False)])
        camera._receive([release(5, keyframe=True), release(6, keyframe=False)])
        camera.report()
        assert server.released() == [1, 5, 6]
        report = server.replies[-1]
        assert isinstance(report, Report)
        assert report.report.counts["dropped_at_seam"] == 3
        assert report.report.counts["observations_dropped"] == 1
        camera.producer.close()

    asyncio.run(scenario())
