"""What several tests of the wire look at: one recording of both channels of `street`."""

from __future__ import annotations

import pytest

from .client import Control, Stream
from .picture import Picture
from .street import decode_channel


@pytest.fixture(scope="session")
def both(server_url: str) -> Stream:
    """Return a connection that asked for both channels, closed after 3.5 s of media."""
    with Stream(server_url, initial_channel="both") as stream:
        stream.read_media(3.5, "raw", "annotated")
    return stream


@pytest.fixture(scope="session")
def pictures(both: Stream) -> dict[str, list[Picture]]:
    """Return the decoded pictures of `both`, by channel."""
    return {channel: decode_channel(both, channel) for channel in ("raw", "annotated")}


@pytest.fixture
def control(server_url: str) -> Control:
    return Control(server_url)
