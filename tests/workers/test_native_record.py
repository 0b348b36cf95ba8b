"""Which native code the threads of a worker were in, as the server reads it afterwards."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from streamlab.bus.native_record import (
    CELL_BYTES,
    LONG_NS,
    MAX_SECTIONS,
    NativeNotes,
    NativeRecord,
    NativeSection,
)
from streamlab.clock import monotonic_ns
from streamlab.detect.remote.memory import default_memory_kind


class Inherited:
    """A descriptor that a child process gets."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = os.dup(descriptor)

    def detach(self) -> int:
        return self._descriptor


@pytest.fixture
def record() -> Iterator[NativeRecord]:
    with closing(NativeRecord()) as record:
        yield record


def notes_of(record: NativeRecord) -> NativeNotes:
    """Return the worker's end, in this process."""
    memory = record._memory
    return NativeNotes(memory.name, memory.descriptor and Inherited(memory.descriptor))


def after_a_hang(record: NativeRecord) -> list[tuple[int, str]]:
    inside = record.inside(monotonic_ns() + 2 * LONG_NS, has_hung=True)
    assert not inside.is_certain
    return [(each.camera, each.kind) for each in inside.sections]


def after_a_kill(record: NativeRecord, elapsed_ns: int) -> list[NativeSection]:
    return record.inside(monotonic_ns() + elapsed_ns, has_hung=False).sections


def test_what_has_taken_too_long_counts_when_a_worker_is_killed(record: NativeRecord) -> None:
    native = notes_of(record).of(7)
    source, encode = native.section("source"), native.section("encode")
    assert after_a_kill(record, LONG_NS) == []
    with source, encode:
        assert [each.kind for each in after_a_kill(record, LONG_NS)] == ["source", "encode"]
        assert after_a_kill(record, 0) == []
    assert after_a_kill(record, LONG_NS) == []


def test_the_newest_section_counts_when_a_worker_hangs(record: NativeRecord) -> None:
    notes = notes_of(record)
    with notes.of(7).section("draw"), notes.of(8).section("source"):
        assert after_a_hang(record) == [(8, "source")]
    assert after_a_hang(record) == []


@pytest.mark.skipif(default_memory_kind() != "memfd", reason="crashes are written to a descriptor")
def test_a_crash_counts_against_the_thread_that_it_happened_in(record: NativeRecord) -> None:
    notes = notes_of(record)
    release, is_inside = threading.Event(), threading.Event()

    def elsewhere() -> None:
        with notes.of(9).section("encode"):
            is_inside.set()
            release.wait()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    is_inside.wait()
    stack = f"Current thread 0x{thread.ident:016x} (most recent call first):\n  File x\n\nThread"
    text = f"Fatal Python error: Aborted\n\nThread 0x1 (most recent call first):\n\n{stack} 0x2\n"
    assert record._memory.descriptor is not None
    with notes.of(7).section("draw"):
        os.pwrite(record._memory.descriptor, b"Fatal Python error: Aborted\n", CELL_BYTES)
        unknown = record.inside(monotonic_ns(), has_hung=False)
        os.pwrite(record._memory.descriptor, text.encode(), CELL_BYTES)
        known = record.inside(monotonic_ns(), has_hung=False)
    release.set()
    thread.join()
    assert sorted(each.camera for each in unknown.sections) == [7, 9]
    assert not unknown.is_certain
    assert [(each.camera, each.kind) for each in known.sections] == [(9, "encode")]
    assert known.is_certain
    assert record.crash().startswith("Fatal Python error: Aborted. Current thread 0x")
    assert record.crash().endswith("File x")


def test_sections_of_stopped_cameras_are_used_again(record: NativeRecord) -> None:
    notes = notes_of(record)
    for camera in range(2 * MAX_SECTIONS):
        section = notes.of(camera).section("encode")
        with section:
            assert camera % 500 or after_a_hang(record) == [(camera, "encode")]
        notes.release(camera)


def test_more_sections_than_fit_are_not_noted(record: NativeRecord) -> None:
    notes = notes_of(record)
    for camera in range(MAX_SECTIONS):
        notes.section(camera, "encode")
    with notes.section(MAX_SECTIONS, "encode"):
        assert after_a_hang(record) == []
