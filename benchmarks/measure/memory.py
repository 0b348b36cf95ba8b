"""What processes take of the machine's memory, from Linux's /proc (proc(5))."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
KB_PER_MB = 1000


def pss_mb(pid: int) -> float:
    """Return a process's share of memory: what it shares counts by halves, thirds and so on.

    Raises OSError when it has ended.
    """
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Pss":
            return int(value.split()[0]) * 1.024 / KB_PER_MB
    return 0.0


def command(pid: int) -> list[str]:
    """Return a process's command line; empty when it has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_text().rstrip("\0").split("\0")
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


def chromium_mb(pid: int) -> tuple[float, float]:
    """Return what the Chromium started by a process takes: all of it, and its renderers alone."""
    whole = renderers = 0.0
    for each in descendants(pid):
        words = command(each)
        if not words or "chrom" not in Path(words[0]).name:
            continue
        try:
            size = pss_mb(each)
        except OSError:
            continue  # it has just ended
        whole += size
        renderers += size if any("--type=renderer" in word for word in words) else 0.0
    return whole, renderers


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
