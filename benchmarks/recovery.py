"""How long a burst of slow frames is felt: each stage, rate and policy, on a virtual clock.

A camera with a steady detector has a burst: some frames in a row take longer to draw, to encode or
to detect, or nothing runs at all for that long each time. The burst is over once the work it left
behind has been done, which no policy can change. Measured from then on: how long the share of fresh
frames stays a tenth below the least it was before, and whether frames that drift beyond the
tolerance are ever reported as synchronized.

    python -m benchmarks.recovery [--fps 1 30] [--policies hybrid]
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import track
from rich.table import Table

from streamlab.analysis import Outcome, Trace, make_trace, replay
from streamlab.analysis.trace import NO_RESULT
from streamlab.core.channels import SyncState
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S
from streamlab.faults import Faults

RATES_FPS = (1, 5, 10, 30, 60)
BURSTS = ((1, 2000), (3, 400), (20, 100), (20, 2000))  # frames, ms each
LAGS_MS = (18, 90)
TOLERANCE_MS = 50.0
STAGES = ("drawing", "encoding", "detection", "process")
BEGIN_S = 60.0
WARM_S = 15.0  # until the policies have settled
WINDOW_S, WINDOW_FRAMES = 2.0, 10
BELOW = 0.1  # what a steady camera's windows differ by


@dataclass(frozen=True, slots=True)
class Recovery:
    """What one burst did."""

    before: float
    """The share of fresh frames before it."""
    seconds: float
    """How long after it was over that share was back for good."""
    unreported: int
    """Frames beyond the tolerance after which the state was still ``synchronized``."""


def burst(stage: str, frames: int, extra_ms: float, lag_ms: float) -> Faults:
    """Return a steady detector, and frames in a row that take a stage longer at ``BEGIN_S``."""
    steady = Faults(
        lag_median_ms=lag_ms,
        lag_sigma=0.05,
        stall_frames=frames,
        stall_every_s=BEGIN_S,
        stage_stall_frames=frames,
        stage_stall_every_s=BEGIN_S,
    )
    match stage:
        case "drawing":
            return replace(steady, draw_stall_ms=extra_ms)
        case "encoding":
            return replace(steady, encode_stall_ms=extra_ms)
        case "detection":
            return replace(steady, stall_ms=extra_ms)
    return replace(steady, freeze_ms=extra_ms)


def burst_over_ns(trace: Trace, begin_ns: int) -> int:
    """Return when the work that the burst left behind is done, whatever the policy."""
    came_ns = np.where(trace.result_ns == NO_RESULT, trace.captured_ns, trace.result_ns)
    work_ns = np.cumsum(trace.cost_ns)
    done_ns = work_ns + np.maximum.accumulate(came_ns - (work_ns - trace.cost_ns))
    done_ns = np.maximum(done_ns, trace.raw_ready_ns)
    delay_ns = done_ns - trace.captured_ns
    before = trace.captured_ns < begin_ns - 3 * NS_PER_S
    slow = np.flatnonzero((delay_ns > delay_ns[before].max() + 20 * NS_PER_MS) & ~before)
    return int(done_ns[slow].max()) if len(slow) else begin_ns


def recovery(outcome: Outcome, begin_s: float) -> Recovery:
    """Return how long the burst that began then was felt."""
    trace, begin_ns = outcome.trace, round(begin_s * NS_PER_S)
    over_ns = burst_over_ns(trace, begin_ns)
    fresh = outcome.fresh.astype(float)
    warm = trace.captured_ns < begin_ns - 3 * NS_PER_S
    warm &= trace.captured_ns >= WARM_S * NS_PER_S
    before = float(fresh[warm].mean())
    frames = max(WINDOW_FRAMES, round(WINDOW_S / np.median(np.diff(trace.captured_ns)) * NS_PER_S))
    share = np.convolve(fresh, np.ones(frames) / frames, "valid")  # of the frames from each one on
    begins_ns = trace.captured_ns[: len(share)]
    usual = share[warm[: len(share)]].min()
    felt = np.flatnonzero((share < usual - BELOW) & (begins_ns >= over_ns))
    last_ns = int(trace.captured_ns[felt[-1]]) if len(felt) else over_ns
    return Recovery(before, (last_ns - over_ns) / NS_PER_S, count_unreported(outcome))


def count_unreported(outcome: Outcome) -> int:
    """Return how many frames drifted while a report said ``synchronized``."""
    raw, annotated = outcome.raw_released_ns, outcome.annotated_released_ns
    late = np.abs(annotated - raw) > TOLERANCE_MS * NS_PER_MS
    count = 0
    for index in np.flatnonzero(late).tolist():
        first_ns, last_ns = sorted((int(raw[index]), int(annotated[index])))
        judged_ns = first_ns + TOLERANCE_MS * NS_PER_MS
        count += any(
            report.state is SyncState.SYNCHRONIZED
            for at_ns, report in outcome.reports
            if judged_ns < at_ns <= last_ns
        )
    return count


def table(results: dict[tuple[str, str], dict[int, Recovery]], rates: Sequence[int]) -> Table:
    made = Table(box=SIMPLE, title="s after the burst until fresh frames are back (fresh before)")
    made.add_column("burst")
    made.add_column("policy")
    for fps in rates:
        made.add_column(f"{fps} fps", justify="right")
    for (burst, policy), by_rate in results.items():
        made.add_row(burst, policy, *map(cell, by_rate.values()))
    return made


def cell(found: Recovery) -> str:
    wrong = f", {found.unreported} unreported" if found.unreported else ""
    return f"{found.seconds:.1f} ({found.before:.0%}{wrong})"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--fps", type=int, nargs="+", default=RATES_FPS)
    parser.add_argument("--policies", nargs="+", choices=list(SyncPolicy), default=list(SyncPolicy))
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    options = parser.parse_args(arguments)
    results: dict[tuple[str, str], dict[int, Recovery]] = {}
    cases = itertools.product(options.stages, BURSTS, LAGS_MS, options.policies, options.fps)
    for stage, (frames, ms), lag_ms, policy, fps in track(
        list(cases), console=Console(stderr=True)
    ):
        faults = burst(stage, frames, ms, lag_ms)
        trace = make_trace(faults, seconds=2 * BEGIN_S - 1, fps=fps)
        name = f"{stage}, {frames} x {ms} ms, lag {lag_ms} ms"
        outcome = replay(trace, SyncPolicy(policy), sync_tolerance_ms=TOLERANCE_MS)
        results.setdefault((name, policy), {})[fps] = recovery(outcome, BEGIN_S)
    Console(width=140).print(table(results, options.fps))
    found = [each for by_rate in results.values() for each in by_rate.values()]
    unreported = sum(each.unreported for each in found)
    print(f"longest: {max(each.seconds for each in found):.1f} s; unreported frames: {unreported}")


if __name__ == "__main__":
    main()
