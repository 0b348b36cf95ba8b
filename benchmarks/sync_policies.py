"""What each policy makes of each fault: violations, added latency, freshness, smoothness.

Replays ten minutes of every fault trace on a virtual clock, through the controller that runs live.

    python benchmarks/sync_policies.py [--seconds 600] [--seed 1]
"""

from __future__ import annotations

import argparse

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from streamlab.core.playout import NS_PER_MS, SyncPolicy
from streamlab.traces import FAULTS, Outcome, make_trace, simulate

TOLERANCE_MS = 50.0


def row(fault: str, policy: SyncPolicy, outcome: Outcome) -> list[str]:
    latency_ms = outcome.added_latency_ms
    intervals_ms = np.diff(outcome.raw_released_ns) / NS_PER_MS
    return [
        fault,
        policy,
        f"{outcome.violations(TOLERANCE_MS) * 100:.2f} %",
        f"{latency_ms.mean():.1f}",
        f"{np.quantile(latency_ms, 0.99):.0f}",
        f"{outcome.fresh.mean() * 100:.1f} %",
        f"{np.quantile(intervals_ms, 0.99):.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="of video per trace")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table = Table(
        "trace", "policy", "violations", "added ms", "p99 ms", "fresh", "p99 interval ms",
        title=f"{options.seconds:.0f} s at 30 fps, tolerance {TOLERANCE_MS:.0f} ms",
    )  # fmt: skip
    for fault in track(FAULTS, description="replaying", transient=True):
        trace = make_trace(fault, seconds=options.seconds, seed=options.seed)
        for policy in SyncPolicy:
            table.add_row(*row(fault, policy, simulate(trace, policy)))
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
