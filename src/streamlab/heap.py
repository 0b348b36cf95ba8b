"""Returns freed memory to the system, which the GNU C library would keep."""

from __future__ import annotations

import ctypes
import sys
from functools import cache


def give_back_free_memory() -> bool:
    """Return unused memory of the allocator to the system; return True if any was returned.

    Pictures and packets are allocated in threads, each with an arena of the GNU C library, which
    never returns the free pages between used ones by itself (malloc_trim(3)). Takes a few
    milliseconds, during which other threads run. Always False without the GNU C library.
    """
    trim = _malloc_trim()
    return trim is not None and bool(trim(0))


@cache
def _malloc_trim() -> ctypes._NamedFuncPointer | None:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return getattr(library, "malloc_trim", None)  # musl has none
