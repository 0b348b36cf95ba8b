"""Where a camera's threads run native code, which can end or block the whole process.

Whoever runs cameras may want to know which of them was in it when the process ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol, TypeVar

NativeKind = Literal["source", "encode", "draw"]
"""Opening and reading a source, which includes decoding; encoding; drawing."""
Section = AbstractContextManager[object]
T = TypeVar("T")


class NativeCode(Protocol):
    """Notes which native code of one camera runs."""

    def section(self, kind: NativeKind) -> Section:
        """Return a section for a thread to enter while native code of this kind runs in it.

        If several threads are in a section, the newest is noted. Entering it takes less than 2 µs.
        """
        ...


class Unnoted:
    """Notes nothing."""

    def section(self, kind: NativeKind) -> Section:  # noqa: ARG002
        """Return a section that does nothing."""
        return nullcontext()


UNNOTED = Unnoted()


def within(section: Section, items: Iterator[T]) -> Iterator[T]:
    """Yield items, each of which is made within a section."""
    while True:
        with section:
            try:
                item = next(items)
            except StopIteration:
                return
        yield item
