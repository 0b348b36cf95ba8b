"""What keeps the server's event loop from running is logged once, and counted."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.clock import monotonic_ns, thread_cpu_ns
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S
from streamlab.lab.lab import Lab
from streamlab.media.spec import SourcePolicy
from streamlab.server.app import create_app
from streamlab.server.watchdog import BEAT_NS, LIMIT_NS, Beats, LoopWatchdog
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager


def hold_the_loop() -> None:
    time.sleep(1.0)


@given(st.lists(st.integers(0, 10 * NS_PER_S)))
def test_a_beat_ends_a_block_if_it_is_more_than_the_limit_late(late_ns: list[int]) -> None:
    now_ns = 0
    beats = Beats(now_ns)
    for each_ns in late_ns:
        now_ns += BEAT_NS + each_ns
        is_block = each_ns > LIMIT_NS
        assert beats.late_ns(now_ns) == beats.receive_beat(now_ns) == each_ns * is_block


def test_a_block_is_logged_once_with_its_stack_and_its_length(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watchdog = LoopWatchdog()

    async def scenario() -> None:
        with watchdog.running():
            await asyncio.sleep(0.1)
            hold_the_loop()
            await asyncio.sleep(0.3)

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    (told,) = [text for text in caplog.messages if "hold_the_loop" in text]
    length = re.match(r"the event loop was blocked for (\d+) ms, in:\n", told)
    assert length is not None
    assert int(length[1]) >= 900
    assert watchdog.blocks >= 1
    assert watchdog.blocked_ns >= 900 * NS_PER_MS


def test_what_holds_the_interpreter_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    watchdog = LoopWatchdog()

    async def scenario() -> None:
        with watchdog.running():
            await asyncio.sleep(0.1)
            digits, took_ns = 200_000, 0
            while took_ns < 500 * NS_PER_MS:
                digits, began_ns = 2 * digits, monotonic_ns()
                assert 3**digits
                took_ns = monotonic_ns() - began_ns
            await asyncio.sleep(0.3)

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    assert watchdog.blocks >= 1
    assert any("the event loop was blocked" in text for text in caplog.messages)


def test_only_a_block_that_uses_the_cpu_is_the_work_of_the_loop() -> None:
    watchdog = LoopWatchdog()

    async def scenario() -> None:
        with watchdog.running():
            await asyncio.sleep(0.1)
            hold_the_loop()
            await asyncio.sleep(0.1)
            assert watchdog.busy_blocks < watchdog.blocks
            before = watchdog.busy_blocks
            until_ns = thread_cpu_ns() + 3 * LIMIT_NS
            while thread_cpu_ns() < until_ns:
                pass
            await asyncio.sleep(0.1)
            assert watchdog.busy_blocks == before + 1

    asyncio.run(scenario())


def test_an_unblocked_loop_is_looked_at_a_few_times_a_second() -> None:
    watchdog, waits = LoopWatchdog(), []

    class Counting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return super().wait(timeout)

    watchdog._stopped = Counting()

    async def scenario() -> float:
        with watchdog.running():
            began_ns = monotonic_ns()
            await asyncio.sleep(1.0)
            return (monotonic_ns() - began_ns) / NS_PER_S

    seconds = asyncio.run(scenario())
    assert 2 <= len(waits) <= 20 * seconds + 2


def test_the_watchdog_leaves_no_thread_behind() -> None:
    async def scenario() -> None:
        with LoopWatchdog().running():
            assert "loop-watchdog" in {thread.name for thread in threading.enumerate()}

    asyncio.run(scenario())
    assert "loop-watchdog" not in {thread.name for thread in threading.enumerate()}


def test_a_lab_that_serves_counts_what_blocked_it() -> None:
    with Lab(name="blocked") as lab:
        url = lab.serve()
        lab._runtime.ask(hold_the_loop)
        lab._runtime.call(asyncio.sleep(0.3))
        text = httpx.get(f"{url}metrics", timeout=60).text
        counted = re.search(r"^streamlab_loop_blocked_total (\S+)$", text, re.MULTILINE)
        assert counted is not None
        assert float(counted[1]) >= 1
    assert "loop-watchdog" not in {thread.name for thread in threading.enumerate()}


def test_a_server_counts_what_blocked_it() -> None:
    async def scenario() -> str:
        app = create_app(StreamChannelManager(Settings()), SourcePolicy(frozenset()))
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
        ):
            hold_the_loop()
            await asyncio.sleep(0.3)
            return (await client.get("/metrics")).text

    text = asyncio.run(scenario())
    counted = re.search(r"^streamlab_loop_blocked_total (\S+)$", text, re.MULTILINE)
    seconds = re.search(r"^streamlab_loop_blocked_seconds_total (\S+)$", text, re.MULTILINE)
    assert counted is not None
    assert float(counted[1]) >= 1
    assert seconds is not None
    assert float(seconds[1]) >= 0.9
