"""What processes take of the machine's memory, from Linux's /proc (proc(5))."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
KB_PER_MB = 1000


def own_mb(pid: int) -> float:
    """Return what a process has written to: its share of anonymous and of shared memory.

    The pages of files (programs, libraries) are left out: their share changes with every other
    process that uses them. Raises OSError when it has ended.
    """
    lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines[1:])
    kb = sum(int(fields[name].split()[0]) for name in ("Pss_Anon", "Pss_Shmem"))
    return kb * 1.024 / KB_PER_MB


def command(pid: int) -> list[str]:
    """Return a process's command line; empty when it has ended.

    Chromium's own processes write theirs anew, with spaces between the words.
    """
    try:
        return (PROC / str(pid) / "cmdline").read_text().replace("\0", " ").split()
    except OSError:
        return []


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started, and those that these have."""
    children: dict[int, list[int]] = {}
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            children.setdefault(_parent(folder), []).append(int(folder.name))
    left = list(children.get(pid, ()))
    while left:
        each = left.pop()
        yield each
        left += children.get(each, ())


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that have not ended."""
    return [int(each.name) for each in PROC.glob("[1-9]*") if _parent(each) == pid]


def chromium_mb(pid: int) -> tuple[float, float]:
    """Return what the Chromium started by a process takes: all of it, and its renderers alone."""
    whole = renderers = 0.0
    for each in descendants(pid):
        words = command(each)
        if not words or "chrom" not in Path(words[0]).name:
            continue
        try:
            size = own_mb(each)
        except OSError:
            continue  # it has just ended
        whole += size
        renderers += size if "--type=renderer" in words else 0.0
    return whole, renderers


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
