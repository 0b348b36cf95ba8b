"""What several tests of the wire look at: one recording of both channels of `street`."""

from __future__ import annotations

import pytest

from .client import Control, Stream
from .picture import Picture
from .street import decode_channel


@pytest.fixture(scope="session")
def both(server_url: str) -> Stream:
    """Return a connection that asked for both channels, closed when all had come to be seen."""
    with Stream(server_url, initial_channel="both") as stream:
        while not has_shown_all(stream):
            stream.read_media(0.5, "raw", "annotated")
    return stream


def has_shown_all(stream: Stream) -> bool:
    """Return whether two GOPs have begun, live fragments and boxes have come, and news of sync."""
    raw, annotated = stream.fragments("raw"), stream.fragments("annotated")
    gops = min(sum(each.keyframe for each in fragments) for fragments in (raw, annotated))
    is_live = raw and annotated and not raw[-1].cached and not annotated[-1].cached
    boxes = any(frame["detections"] for fragment in annotated for frame in fragment.frames)
    return bool(is_live and boxes and gops >= 2 and len(stream.all_of("sync")) >= 2)


@pytest.fixture(scope="session")
def pictures(both: Stream) -> dict[str, list[Picture]]:
    """Return the decoded pictures of `both`, by channel."""
    return {channel: decode_channel(both, channel) for channel in ("raw", "annotated")}


@pytest.fixture
def control(server_url: str) -> Control:
    return Control(server_url)
