"""Memory that C libraries gave back goes back to the system, where the system can take it."""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamlab import heap
from streamlab.viewers import memory
from streamlab.viewers.memory import MemoryTrimming

BLOCKS, BLOCK_BYTES = 4000, 16_000  # small enough to come from the heap


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    heap._malloc_trim.cache_clear()
    yield
    heap._malloc_trim.cache_clear()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="only the GNU C library trims")
def test_what_lies_between_used_blocks_is_given_back() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    blocks = [libc.malloc(BLOCK_BYTES) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK_BYTES)
    for block in blocks[:-1]:  # the last one keeps the heap from shrinking by itself
        libc.free(block)
    before = resident_bytes()
    assert heap.give_back_free_memory()
    assert before - resident_bytes() > BLOCKS * BLOCK_BYTES / 2
    libc.free(blocks[-1])


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert not heap.give_back_free_memory()


def test_it_is_done_again_and_again_until_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    async def run() -> None:
        done, loop = asyncio.Event(), asyncio.get_running_loop()

        def give_back() -> None:
            calls.append(1)
            if len(calls) == 3:
                loop.call_soon_threadsafe(done.set)

        monkeypatch.setattr(memory, "give_back_free_memory", give_back)
        trimming = MemoryTrimming(interval_s=0.001)
        trimming.start()
        trimming.start()
        await done.wait()
        trimming.stop()
        trimming.stop()
        await loop.shutdown_default_executor()
        after = len(calls)
        await asyncio.sleep(0.01)
        assert len(calls) == after

    asyncio.run(run())
