"""What each way to keep the channels together makes of each fault: the baselines and our policies.

Replays a trace of every fault on a virtual clock, our policies through the controller that runs
live. Added latency is how long raw waited after it was ready; a violation is a frame whose two
pictures left further apart than the tolerance; a frame is fresh when it was shown with boxes of its
own, and lost when one of its pictures never left. The interval is the p99 between raw pictures.

    python -m benchmarks.sync_policies [--seconds 600] [--seed 1] [--faults lognormal] [--markdown]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.baselines import BASELINES, Arrivals
from streamlab.analysis import Outcome, make_trace, replay
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_MS
from streamlab.faults import PRESETS

TOLERANCE_MS = 50.0  # the default of the baselines and of replay


@dataclass(frozen=True, slots=True)
class Figures:
    """What one method made of one trace: shares of its frames, and ms.

    ``violations`` is of the frames that left in both channels.
    """

    violations: float
    mean_ms: float
    p99_ms: float
    fresh: float
    lost: float
    interval_p99_ms: float

    @classmethod
    def of(cls, outcome: Outcome) -> Figures:
        raw, annotated = outcome.raw_released_ns, outcome.annotated_released_ns
        latency_ms = outcome.added_latency_ms
        return cls(
            violations=outcome.violations(TOLERANCE_MS),
            mean_ms=float(latency_ms.mean()),
            p99_ms=float(np.quantile(latency_ms, 0.99)),
            fresh=float(outcome.fresh.mean()),
            lost=np.count_nonzero((raw < 0) | (annotated < 0)) / len(raw),
            interval_p99_ms=float(np.quantile(np.diff(raw[raw >= 0]), 0.99)) / NS_PER_MS,
        )


def replay_all(fault: str, seconds: float, seed: int) -> Iterator[tuple[str, Figures]]:
    """Yield the figures of every baseline and every policy on one trace."""
    trace = make_trace(fault, seconds=seconds, seed=seed)
    arrivals = Arrivals.of(trace)
    for name, baseline in BASELINES.items():
        yield name, Figures.of(baseline(arrivals))
    for policy in SyncPolicy:
        yield f"`{policy}`", Figures.of(replay(trace, policy, sync_tolerance_ms=TOLERANCE_MS))


def percent(share: float) -> str:
    """Write a share as closely as it nears 0 or 1: 0, 0.05 %, 1.3 %, 35 %, 98.4 %, 100 %."""
    if share in {0, 1}:
        return "100 %" if share else "0"
    rare = min(share, 1 - share)
    digits = 2 if rare < 0.01 else 1 if rare < 0.1 else 0
    return f"{share * 100:.{digits}f} %"


def full_table(results: dict[str, dict[str, Figures]], title: str) -> Table:
    """Return every figure, a row for each method under each fault."""
    table = Table(title=title, box=SIMPLE)
    table.add_column(no_wrap=True)
    for heading in ("violations", "added", "p99", "fresh", "lost", "interval"):
        table.add_column(heading, justify="right")
    for fault, by_method in results.items():
        table.add_row(f"[bold]{fault}")
        for method, figures in by_method.items():
            table.add_row(
                method.strip("`"),
                percent(figures.violations),
                f"{figures.mean_ms:.1f}",
                f"{figures.p99_ms:.0f}",
                percent(figures.fresh),
                percent(figures.lost),
                f"{figures.interval_p99_ms:.0f}",
            )
        table.add_section()
    return table


def markdown(results: dict[str, dict[str, Figures]]) -> str:
    """Return the README's table: a row for each method, a column for each fault."""
    methods = next(iter(results.values()))
    rows = [["", *results], ["---"] * (len(results) + 1)]
    rows += [[method, *(cell(of[method]) for of in results.values())] for method in methods]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def cell(figures: Figures) -> str:
    """Write mean added latency, violations, fresh frames and, where there are any, lost frames."""
    lost = f" / {percent(figures.lost)} lost" if figures.lost else ""
    shares = f"{percent(figures.violations)} / {percent(figures.fresh)}{lost}"
    return f"{figures.mean_ms:.0f} ms / {shares}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="of video per trace")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", nargs="+", choices=list(PRESETS), default=list(PRESETS))
    parser.add_argument("--markdown", action="store_true", help="print the README's table")
    options = parser.parse_args(arguments)
    progress = Console(stderr=True)
    results: dict[str, dict[str, Figures]] = {}
    for fault in options.faults:
        results[fault] = dict(
            track(
                replay_all(fault, options.seconds, options.seed),
                description=fault,
                total=len(BASELINES) + len(SyncPolicy),
                console=progress,
                transient=True,
            )
        )
    if options.markdown:
        print(markdown(results))
        return
    title = f"{options.seconds:.0f} s at 30 fps, tolerance {TOLERANCE_MS:.0f} ms; times in ms"
    Console().print(full_table(results, title))


if __name__ == "__main__":
    main()
