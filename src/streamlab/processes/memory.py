"""How much memory this process holds."""

from __future__ import annotations

import os
from pathlib import Path

_STATM = Path("/proc/self/statm")  # proc_pid_statm(5): pages; the second number is the resident set


def rss_bytes() -> int:
    """Return the resident set of this process; 0 where there is no ``/proc`` (macOS, Windows)."""
    try:
        return int(_STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError):
        return 0
