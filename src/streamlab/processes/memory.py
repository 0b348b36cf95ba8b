"""How much memory a process holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal


def rss_bytes(pid: int | Literal["self"] = "self") -> int:
    """Return the resident set of a process of this user.

    0 if it has ended, or where there is no ``/proc`` (macOS, Windows).
    """
    try:  # proc_pid_statm(5): pages; the second number is the resident set
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError):
        return 0
