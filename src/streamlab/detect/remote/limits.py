"""What a detector may use: time, memory, and the size of its batches."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass

from streamlab.cores import CGROUP
from streamlab.detect.onnx_bounds import GRACE_S, LOAD_TIMEOUT_S, RUN_TIMEOUT_S
from streamlab.detect.remote.server import MAX_BATCH
from streamlab.media.limits import MAX_PIXELS

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment,unused-ignore]

_CGROUP_LIMIT = CGROUP / "memory.max"
_MAX_SHARE = 0.5
_MIN_BYTES = 2 << 30
_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class DetectorLimits:
    """Limits of a detector, and of its process if it has one."""

    timeout_s: float = _TIMEOUT_S
    """A batch that takes longer: the detector hangs, and its process is replaced."""
    load_timeout_s: float = LOAD_TIMEOUT_S + RUN_TIMEOUT_S + 2 * GRACE_S
    """More than the bounds of ``onnx_bounds``, which know why a model takes so long."""
    max_memory_bytes: int | None = None
    """Private memory of the process (RLIMIT_DATA); None: ``default_memory_bytes()``."""
    max_batch: int = MAX_BATCH
    """Pictures in one call of the detector."""
    max_pixels: int = MAX_PIXELS
    """Of a picture, px."""
    max_failed_starts: int = 3
    """A model whose process ends so many times in a row while it is loaded is refused."""
    first_delay_s: float = 0.1
    """Before the first restart; then twice as long from time to time."""
    longest_delay_s: float = 30.0
    """Between restarts."""
    calm_s: float = 60.0
    """After so long without a failure, delays begin anew."""


def default_memory_bytes() -> int:
    """Return half of the memory of this machine, or container, but at least 2 GiB."""
    total = _MIN_BYTES
    if hasattr(os, "sysconf"):  # not on Windows
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no control group, or "max"
        total = min(total, int(_CGROUP_LIMIT.read_text("ascii")))
    return max(_MIN_BYTES, round(total * _MAX_SHARE))


def limit_memory(max_bytes: int | None) -> None:
    """Let this process have no more private memory, where the system can bound it.

    Memory beyond it cannot be allocated: Python raises MemoryError, and native code may end the
    process. Shared memory does not count.
    """
    if sys.platform != "win32" and resource is not None:
        wanted = max_bytes or default_memory_bytes()
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        with suppress(OSError, ValueError):  # macOS refuses some values
            resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
