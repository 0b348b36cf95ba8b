"""How much memory a process holds."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal


def rss_bytes(pid: int | Literal["self"] = "self") -> int:
    """Return the resident set of a process of this user.

    0 if it has ended, or where there is no ``/proc`` (macOS, Windows).
    """
    if sys.platform != "win32" and hasattr(os, "sysconf"):
        with suppress(OSError):  # proc_pid_statm(5): pages; the second number is the resident set
            pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
            return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return 0
