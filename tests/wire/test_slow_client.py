"""A client that reads too slowly, and one that does not read at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import httpx
import pytest

from tests.fakes.streamlab_process import StreamlabProcess

from .client import Control, Stream
from .picture import read_strip
from .street import decode_run
from .watcher import Watcher

FPS = 15
SOURCE = f"synthetic://traffic?width=1280&height=720&fps={FPS}&seed=1"
SMALL_BUFFER_BYTES = 64 * 1024
TIMEOUT_S = 4.0
PAUSE_S = 3.0  # shorter than the timeout, yet enough to fill what the kernel keeps for a socket
SILENCE_S = 9.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a client that paused and of one that never read."""

    paused: Stream
    silent: Stream
    late_switch: httpx.Response
    silent_end: Exception | None


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """Run both beside a viewer who must not notice, on a server with little patience."""
    log_path = tmp_path_factory.mktemp("impatient") / "server.log"
    impatient = StreamlabProcess(
        log_path,
        "--camera",
        f"street={SOURCE}",
        client_queue_fragments=16,
        slow_client_timeout=TIMEOUT_S,
    )
    with (
        impatient as server,
        Watcher(server.url) as watcher,
        open_heavy(server.url) as paused,
        open_heavy(server.url) as silent,
    ):
        paused.read_media(0.1, "raw")
        watcher.assert_goes_on(fragments=int(PAUSE_S * FPS))
        paused.read_until(lambda event: event.name == "gap" and event.data["channel"] == "raw")
        paused.read_media(0.5, "raw")
        watcher.assert_goes_on(fragments=int((SILENCE_S - PAUSE_S) * FPS))
        late_switch = Control(server.url).switch(silent.connection_id, "annotated")
        yield Outcome(paused, silent, late_switch, read_to_its_end(silent))


def read_to_its_end(stream: Stream) -> Exception | None:
    """Read what is left for the client, and return how its connection ended."""
    try:
        stream.read_media(SILENCE_S, "raw")
    except (httpx.RemoteProtocolError, httpx.ReadError) as error:
        return error
    return None


def open_heavy(server_url: str) -> Stream:
    return Stream(
        server_url,
        receive_buffer_bytes=SMALL_BUFFER_BYTES,
        initial_channel="both",
        raw_quality="high",
        annotated_quality="high",
    )


def test_slow_client_gets_a_gap_and_goes_on_at_a_keyframe(outcome: Outcome) -> None:
    stream = outcome.paused
    gaps = [gap for gap in stream.all_of("gap") if gap.data["channel"] == "raw"]
    gap = gaps[0].data
    assert gap["reason"] == "slow_client"
    assert gap["from_sequence"] <= gap["to_sequence"]
    gap_at = stream.log.index(gaps[0])
    before = [f for f in stream.fragments("raw") if f.index < gap_at]
    after = stream.fragments("raw", start=gap_at)
    assert before[-1].sequence + 1 == gap["from_sequence"]
    assert after[0].sequence == gap["to_sequence"] + 1
    assert after[0].keyframe
    for run in (before, after):
        assert all(later.sequence == earlier.sequence + 1 for earlier, later in pairwise(run))
        told = [read_strip(picture.luma) for picture in decode_run(stream, run)]
        assert told == [round(f.pts * FPS / 90_000) for f in run]


def test_client_that_never_reads_is_closed(outcome: Outcome) -> None:
    assert outcome.late_switch.status_code == 404, "the connection is still open"
    last = outcome.silent.log[-1]
    assert last.name != "end" or last.data["reason"] == "slow_client"


def test_client_that_never_reads_is_reset(outcome: Outcome) -> None:
    """Anything milder leaves what is unsent in the server's kernel, for minutes."""
    cause: BaseException | None = outcome.silent_end
    while cause is not None and not isinstance(cause, ConnectionResetError):
        cause = cause.__cause__ or cause.__context__
    assert isinstance(cause, ConnectionResetError), repr(outcome.silent_end)
