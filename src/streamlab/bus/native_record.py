"""What native code the threads of a worker's cameras are in: it outlives the worker.

The memory is shared with the server, which reads it after the worker has ended. It holds cells of
three numbers: which section of which camera it is, the thread that is in it, or 0, and since when.
A crash adds the stacks of all threads, in words (``faulthandler``), where memory has a descriptor.
"""

from __future__ import annotations

import faulthandler
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing import reduction
from typing import Any, NamedTuple, get_args

from streamlab.camera.native_code import UNNOTED, NativeCode, NativeKind, Section
from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.remote.memory import OwnMemory, PeerMemory, default_memory_kind

MAX_SECTIONS = 4096
"""Of all cameras of a worker, 4 or more each, and its openings. With more, some are not noted."""
MAX_STACKS_BYTES = 256 << 10
"""Of 100 threads at most; memory is used for what is written only."""
LONG_NS = NS_PER_S
"""No section takes that long on a healthy machine."""
_NUMBERS = 3 * MAX_SECTIONS
CELL_BYTES = 8 * _NUMBERS
"""The cells come first, then the stacks."""
_SIZE = CELL_BYTES + MAX_STACKS_BYTES
_KINDS: tuple[NativeKind, ...] = get_args(NativeKind)
_CRASHED = re.compile(r"^Current thread 0x([0-9a-f]+).*?(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
_MAX_CRASH_CHARS = 8000  # of a log


class NativeSection(NamedTuple):
    """A section that a thread was in."""

    camera: int
    kind: NativeKind
    thread: int
    since_ns: int
    """Monotonic."""


class NativeCodeInside(NamedTuple):
    """What threads were in when a worker ended."""

    sections: list[NativeSection]
    is_certain: bool
    """It is known that the process crashed in these."""


NOTHING = NativeCodeInside([], is_certain=False)


class NativeRecord:
    """The server's end."""

    def __init__(self) -> None:
        """Allocate the memory. Raises OSError."""
        self._memory = OwnMemory(_SIZE, default_memory_kind())

    def __reduce__(self) -> tuple[Callable[..., NativeNotes], tuple[Any, ...]]:
        """Pass it on to a child that is being started, where it is a ``NativeNotes``."""
        descriptor, passed = self._memory.descriptor, None
        if sys.platform != "win32" and descriptor is not None:
            passed = reduction.DupFd(descriptor)
        return NativeNotes, (self._memory.name, passed)

    def crash(self) -> str:
        """Return in which thread the worker has crashed, and its stack; '' if it was not there."""
        stacks = self._stacks()
        crashed = _CRASHED.search(stacks)
        what, _, _ = stacks.partition("\n")
        return f"{what}. {crashed[0]}"[:_MAX_CRASH_CHARS] if crashed else ""

    def _stacks(self) -> str:
        text = bytes(self._memory.pixels[CELL_BYTES:]).partition(b"\0")[0]
        return text.decode(errors="replace")

    def inside(self, now_ns: int, *, has_hung: bool) -> NativeCodeInside:
        """Return the sections that threads were in when the worker ended just now.

        - It has crashed: those of the thread that it happened in, if that was in any.
        - It has hung, because a thread kept the interpreter: the newest. No other thread could
          enter one since, and those that were in older ones wait for the interpreter.
        - It was killed, or has exited: those that had taken too long.
        """
        numbers = memoryview(self._memory.pixels.data)[:CELL_BYTES].cast("Q")
        sections = [
            NativeSection(key // len(_KINDS), _KINDS[key % len(_KINDS)], thread, since_ns)
            for key, thread, since_ns in zip(
                numbers[::3], numbers[1::3], numbers[2::3], strict=True
            )
            if thread
        ]
        stacks = self._stacks()
        crashed = _CRASHED.search(stacks)
        thread = int(crashed[1], 16) if crashed else 0
        certain = [each for each in sections if each.thread == thread]
        if certain:
            return NativeCodeInside(certain, is_certain=True)
        if has_hung:
            sections = sorted(sections, key=lambda each: each.since_ns)[-1:]
        elif not stacks and self._memory.descriptor is not None:
            sections = [each for each in sections if now_ns - each.since_ns >= LONG_NS]
        return NativeCodeInside(sections, is_certain=False)

    def close(self) -> None:
        """Release the memory."""
        self._memory.close()


class NativeNotes:
    """The worker's end: writes which native code its threads are in."""

    def __init__(self, name: str, descriptor: Any) -> None:
        """Open the memory."""
        number = None if descriptor is None else descriptor.detach()
        self._descriptor = None if number is None else os.dup(number)
        self._memory = PeerMemory(_SIZE, name, number)
        self._numbers = memoryview(self._memory.pixels.data)[:CELL_BYTES].cast("Q")
        self._free = deque(range(0, _NUMBERS, 3))
        self._used: dict[int, list[int]] = {}

    def note_crashes(self) -> None:
        """Have the stacks of all threads written when this process crashes."""
        if self._descriptor is not None:
            os.lseek(self._descriptor, CELL_BYTES, os.SEEK_SET)
            faulthandler.enable(self._descriptor)

    def of(self, camera: int) -> NativeCode:
        """Return what notes the native code of one camera, until ``release``."""
        return _NativeCodeOf(self, camera)

    def section(self, camera: int, kind: NativeKind) -> Section:
        """Return a section of a camera."""
        if not self._free:
            return UNNOTED.section(kind)
        index = self._free.popleft()
        self._used.setdefault(camera, []).append(index)
        self._numbers[index] = camera * len(_KINDS) + _KINDS.index(kind)
        return _NotedSection(self._numbers, index + 1)

    def release(self, camera: int) -> None:
        """Give the sections of a camera, which has stopped, to others."""
        for index in self._used.pop(camera, ()):
            self._numbers[index + 1] = 0
            self._free.append(index)


class _NativeCodeOf(NamedTuple):
    notes: NativeNotes
    camera: int

    def section(self, kind: NativeKind) -> Section:
        return self.notes.section(self.camera, kind)


class _NotedSection:
    __slots__ = ("_index", "_numbers")

    def __init__(self, numbers: memoryview, index: int) -> None:
        self._numbers, self._index = numbers, index

    def __enter__(self) -> None:
        numbers, index = self._numbers, self._index
        numbers[index + 1] = monotonic_ns()
        numbers[index] = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._numbers[self._index] = 0
