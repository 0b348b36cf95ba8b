"""The memory that C libraries take: the GNU C library keeps what they give back."""

from __future__ import annotations

import ctypes
import sys
from functools import cache


def give_back_free_memory() -> bool:
    """Return to the system what the allocator holds and nobody uses; False where it cannot.

    Pictures and packets come and go in threads, each with an arena of the GNU C library, whose free
    pages between what is in use are never returned by itself (malloc_trim(3)). Takes some
    milliseconds, in which other threads run.
    """
    trim = _malloc_trim()
    return trim is not None and bool(trim(0))


@cache
def _malloc_trim() -> ctypes._NamedFuncPointer | None:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return getattr(library, "malloc_trim", None)  # musl has none
