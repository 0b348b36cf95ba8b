"""The longest pause of a camera's picture while a cell of its notebook computes.

A Jupyter kernel runs a lab with one camera (640x360 at 15 fps, the shipped model, both channels).
Two viewers watch it at once, while one cell sleeps, for comparison, and others compute in Python,
in numpy and in pandas:

- `http`: the stream of `lab.serve()`, read by a process that does nothing but stamp what comes. It
  passes the event loop of the kernel's process, which competes with the cell for Python's lock.
- `widget`: the messages of a displayed view on the kernel's IOPub channel. They pass the same loop
  and the kernel's own threads. No acknowledgement can reach a kernel that runs a cell: the view
  goes on by its credit (`streamlab.lab.credit`).

A pause is the time between two arrivals of the annotated channel; at 15 fps it is 67 ms at least.
The part after the arrival, in a browser, is not in it.

    python -m benchmarks.notebook_pause [--seconds 20] [--workers 0 1] [--json FILE]
    python -m benchmarks.notebook_pause --real-time   # where the machine is shared; one BLAS thread
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import urlsplit

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from rich.console import Console
from rich.table import Table

from benchmarks.measure.reader import Arrival, Reader
from streamlab.core.stats import nearest_rank

STREET = "synthetic://traffic?width=640&height=360&fps=15"
PICTURE = 'event: fragment\ndata: {"channel":"annotated"'
GOAL_MS = 150.0
READY_TIMEOUT_S = 60.0
SETUP = """
import time
from IPython.display import display
from streamlab import Lab
started = time.monotonic()
lab = Lab({settings})
made = time.monotonic()
cam = lab.add({street!r}, "street")
cam.snapshot()
view = cam.view("both")
print(made - started, time.monotonic() - started, lab.serve())
"""
CELLS = {
    "sleep": "time.sleep({seconds})",
    "python": """
while time.monotonic() < end:
    sum(number * number for number in range(1000))
""",
    "numpy": """
import numpy as np
numbers = np.random.default_rng(1).random((1000, 1000))
while time.monotonic() < end:
    (numbers @ numbers).sum()
    np.sort(numbers.ravel())
    np.exp(numbers) + numbers
""",
    "pandas": """
import numpy as np, pandas as pd
random = np.random.default_rng(1)
table = pd.DataFrame({{"key": random.integers(0, 5000, 200_000), "value": random.random(200_000)}})
table["text"] = table["key"].astype(str)
while time.monotonic() < end:
    table.groupby("key")["value"].agg(["mean", "std"])
    table.merge(table.drop_duplicates("key"), on="key")
    table.sort_values(["text", "value"])
    table["text"].str.upper().value_counts()
""",
}
RUN = "display(view)\nend = time.monotonic() + {seconds}\n"


class Kernel:
    """A Jupyter kernel with a lab, and the process id of its HTTP server's port."""

    def __init__(self, client: BlockingKernelClient, settings: str) -> None:
        self._client = client
        cell = client.execute(SETUP.format(settings=settings, street=STREET))
        text = "".join(
            message["content"].get("text", "") or "\n".join(message["content"].get("traceback", ()))
            for message in self._messages(cell, READY_TIMEOUT_S)
        )
        try:
            made, shown, url = text.split()
        except ValueError:
            raise RuntimeError(f"the lab cannot be made:\n{text}") from None
        self.made_s, self.shown_s = float(made), float(shown)
        self.port = urlsplit(url).port or 0

    def run(self, code: str, timeout_s: float) -> list[float]:
        """Run a cell; return when pictures came over IOPub meanwhile, monotonic seconds."""
        times: list[float] = []
        for message in self._messages(self._client.execute(code), timeout_s):
            content = message["content"].get("data", {}).get("content", {})
            if isinstance(content, dict) and PICTURE in content.get("text", ""):
                times.append(time.monotonic())
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(message["content"]["traceback"]))
        return times

    def _messages(self, cell: str, timeout_s: float) -> Iterator[dict[str, Any]]:
        """Yield what comes until the cell has ended."""
        give_up_s = time.monotonic() + timeout_s
        while time.monotonic() < give_up_s:
            try:
                message: dict[str, Any] = self._client.get_iopub_msg(timeout=1.0)
            except Empty:
                continue
            yield message
            is_own = message["parent_header"].get("msg_id") == cell
            if is_own and message["content"].get("execution_state") == "idle":
                return
        raise RuntimeError("a cell did not end")


@contextmanager
def kernel(settings: str) -> Iterator[Kernel]:
    """Run a kernel with a lab of these settings."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        yield Kernel(client, settings)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def measure(workers: str, seconds: float, cells: list[str]) -> list[dict[str, Any]]:
    """Return a row per cell and viewer."""
    rows: list[dict[str, Any]] = []
    settings = "" if workers == "default" else f"workers={workers!r}"
    with kernel(settings if workers in ("auto", "default") else f"workers={workers}") as running:
        path = "/streams/sse/street/dual?initial_channel=both"
        for cell in cells:
            with Reader(running.port, path) as reader:
                came = reader.arrivals()
                while PICTURE.encode() not in getattr(next(came), "event", b""):
                    pass
                began_s = time.monotonic()
                code = (RUN + CELLS[cell]).format(seconds=seconds)
                widget = running.run(code, 3 * seconds + READY_TIMEOUT_S)
                ended_s = time.monotonic()
                http = list(_pictures(came, ended_s))
            for viewer, times in (("http", [began_s, *http]), ("widget", widget)):
                rows.append(
                    {
                        "workers": workers,
                        "cell": cell,
                        "viewer": viewer,
                        "lab_s": round(running.made_s, 2),
                        "first_picture_s": round(running.shown_s, 2),
                        **_pauses(times, ended_s),
                    }
                )
    return rows


def _pictures(came: Iterator[Arrival | None], ended_s: float) -> Iterator[float]:
    """Yield when pictures came until then, monotonic seconds."""
    for arrival in came:
        if arrival is None or arrival.at_ns / 1e9 > ended_s:
            return
        if PICTURE.encode() in arrival.event:
            yield arrival.at_ns / 1e9


def _pauses(times: list[float], ended_s: float) -> dict[str, Any]:
    """Return the figures of the pauses between arrivals; a picture that does not come is one."""
    pauses = sorted(1000 * (after - before) for before, after in pairwise([*times, ended_s]))
    if not pauses:
        return {"pictures": 0, "p50_ms": None, "p99_ms": None, "longest_ms": None}
    p50, p99 = (round(nearest_rank(pauses, share)) for share in (0.5, 0.99))
    return {"pictures": len(times), "p50_ms": p50, "p99_ms": p99, "longest_ms": round(pauses[-1])}


def report(rows: list[dict[str, Any]]) -> None:
    """Print a table of the rows."""
    table = Table(*rows[0], box=None, padding=(0, 2, 0, 0))
    for row in rows:
        is_missed = row["longest_ms"] is None or row["longest_ms"] > GOAL_MS
        table.add_row(*map(str, row.values()), style="red" if is_missed else None)
    console = Console(width=120, highlight=False)
    console.print(table)
    console.print(f"Goal: no pause longer than {GOAL_MS:g} ms; red rows miss it.")


def main() -> None:
    options = _options()
    if options.real_time:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))  # the children inherit it
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # its threads spin: at this priority, for 100 ms
    rows = [
        row for each in options.workers for row in measure(each, options.seconds, options.cells)
    ]
    report(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.notebook_pause",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="how long a cell computes")
    parser.add_argument(
        "--workers", nargs="+", default=["0", "1"], help="of the lab: a number, auto or default"
    )
    parser.add_argument("--cells", nargs="+", choices=list(CELLS), default=list(CELLS))
    parser.add_argument("--real-time", action="store_true", help="needs the right to ask for it")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
