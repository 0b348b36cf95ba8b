"""What of this operating system processes are made with."""

from __future__ import annotations

import os

SPAWN_VARIABLE = "STREAMLAB_SPAWN"
"""1: use only what every system has, new interpreters and named shared memory, wherever we are."""


def may_fork() -> bool:
    """Return True if forked processes and memory without a name may be used, where they exist."""
    return os.environ.get(SPAWN_VARIABLE, "") != "1"
