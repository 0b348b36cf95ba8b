"""A client that reads too slowly, and one that does not read at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.streamlab_process import StreamlabProcess

from .client import READ_TIMEOUT_S, Control, Stream
from .picture import read_strip
from .street import decode_run
from .watcher import Watcher

FPS = 15
SOURCE = f"synthetic://traffic?width=1280&height=720&fps={FPS}&seed=1"
SMALL_BUFFER_BYTES = 64 * 1024
TIMEOUT_S = 4.0
# A client may lag by this much, and a viewer who keeps up never does.
GOP_S, QUEUE_FRAGMENTS = 2, 2 * FPS
# Enough to fill what the kernel keeps for a socket, and then to lag by more than that.
PAUSE_FRAGMENTS = 6 * FPS


@contextmanager
def server_and_viewer(
    log_path: Path, **settings: Any
) -> Iterator[tuple[StreamlabProcess, Watcher]]:
    """Run a server with a viewer who must not notice what slow clients beside him do."""
    camera = ("--camera", f"street={SOURCE}", "--model", "none")
    with (
        StreamlabProcess(log_path, *camera, **settings) as server,
        Watcher(server.url) as watcher,
    ):
        yield server, watcher


@pytest.fixture(scope="module")
def paused(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    """Return a client that paused until the server had to skip for it, and went on."""
    log_path = tmp_path_factory.mktemp("paused") / "server.log"
    bounds = {"gop_s": GOP_S, "client_queue_fragments": QUEUE_FRAGMENTS}
    with (
        server_and_viewer(log_path, **bounds) as (server, watcher),
        open_heavy(server.url) as paused,
    ):
        paused.read_media(0.1, "raw")
        watcher.assert_goes_on(PAUSE_FRAGMENTS)
        paused.read_until(lambda event: event.name == "gap" and event.data["channel"] == "raw")
        paused.read_media(0.5, "raw")
    return paused


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stream, Exception | None]:
    """Return a client that never read until the server had closed it, and what it read then."""
    log_path = tmp_path_factory.mktemp("impatient") / "server.log"
    with (
        server_and_viewer(log_path, slow_client_timeout=TIMEOUT_S) as (server, watcher),
        open_heavy(server.url) as silent,
    ):
        give_up_at = time.monotonic() + READ_TIMEOUT_S
        switch = Control(server.url).switch
        while switch(silent.connection_id, "annotated").status_code != 404:
            assert time.monotonic() < give_up_at, "the connection is still open"
            watcher.assert_goes_on(5)
        return silent, read_to_its_end(silent)


def read_to_its_end(stream: Stream) -> Exception | None:
    """Read what is left for the client, and return how its connection ended."""
    try:
        stream.read_to_end()
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


def test_slow_client_gets_a_gap_and_goes_on_at_a_keyframe(paused: Stream) -> None:
    gaps = [gap for gap in paused.all_of("gap") if gap.data["channel"] == "raw"]
    gap = gaps[0].data
    assert gap["reason"] == "slow_client"
    assert gap["from_sequence"] <= gap["to_sequence"]
    gap_at = paused.log.index(gaps[0])
    before = [f for f in paused.fragments("raw") if f.index < gap_at]
    after = paused.fragments("raw", start=gap_at)
    assert before[-1].sequence + 1 == gap["from_sequence"]
    assert after[0].sequence == gap["to_sequence"] + 1
    assert after[0].keyframe
    for run in (before, after):
        assert all(later.sequence == earlier.sequence + 1 for earlier, later in pairwise(run))
        told = [read_strip(picture.luma) for picture in decode_run(paused, run)]
        assert told == [round(f.pts * FPS / 90_000) for f in run]


def test_client_that_never_reads_is_closed(silent: tuple[Stream, Exception | None]) -> None:
    last = silent[0].log[-1]
    assert last.name != "end" or last.data["reason"] == "slow_client"


def test_client_that_never_reads_is_reset(silent: tuple[Stream, Exception | None]) -> None:
    """Anything milder leaves what is unsent in the server's kernel, for minutes."""
    cause: BaseException | None = silent[1]
    while cause is not None and not isinstance(cause, ConnectionResetError):
        cause = cause.__cause__ or cause.__context__
    assert isinstance(cause, ConnectionResetError), repr(silent[1])
