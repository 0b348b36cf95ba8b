"""Runs the simulator for every combination of traces, policies and settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from multiprocessing import get_context
from typing import TypeAlias

import pandas as pd
from tqdm.auto import tqdm

from streamlab.analysis.as_shown import as_shown, own_accuracy
from streamlab.analysis.detections import LabelledVideo
from streamlab.analysis.generate import make_trace
from streamlab.analysis.simulate import AnyTrace, as_trace, simulate, summary
from streamlab.analysis.trace import Trace
from streamlab.core.sync.policy import SyncPolicy
from streamlab.cores import usable_cores


@dataclass(frozen=True, slots=True)
class Run:
    """One simulation: its trace by name and seed, and its settings."""

    trace: str
    seed: int | None
    policy: SyncPolicy
    sync_tolerance_ms: float
    max_playout_delay_ms: float
    max_stale_fraction: float


_Job: TypeAlias = tuple[Run, Trace]
_Row: TypeAlias = dict[str, object]
_Judged: TypeAlias = "tuple[LabelledVideo, pd.Series[float]]"
_Apply: TypeAlias = Callable[[Callable[[_Job], _Row], Iterable[_Job]], Iterable[_Row]]


def sweep(
    traces: Mapping[str, AnyTrace] | Sequence[str],
    *,
    policies: Iterable[SyncPolicy | str] = tuple(SyncPolicy),
    tolerances_ms: Iterable[float] = (50.0,),
    max_playout_delays_ms: Iterable[float] = (250.0,),
    max_stale_fractions: Iterable[float] = (0.2,),
    seeds: Iterable[int] = (1,),
    seconds: float = 600.0,
    video: LabelledVideo | None = None,
    workers: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """Simulate every combination; return one row per run: its settings and its ``summary``.

    Args:
        traces: recorded traces by name (``seed`` is then null), or names of presets; a trace is
            generated for each preset and seed.
        seconds: length of the generated traces.
        video: the video that the traces are of. Adds ``as_shown`` and ``as_shown_ratio``, its ratio
            to the accuracy if every frame waited for its own result.
        workers: above 1, the number of worker processes, at most one per core. A script that uses
            them needs its work under ``if __name__ == "__main__":``.

    Raises:
        TraceError: something is not a trace.
        KeyError: a preset is unknown.
        ValueError: a policy is unknown.
    """
    known = _traces(traces, seeds, seconds)
    runs = [
        Run(*key, SyncPolicy(policy), *settings)
        for key, policy, *settings in product(
            known, policies, tolerances_ms, max_playout_delays_ms, max_stale_fractions
        )
    ]
    jobs = [(run, known[run.trace, run.seed]) for run in runs]
    judged = None if video is None else (video, own_accuracy(video))
    with _pool(min(workers, usable_cores(), len(jobs))) as apply:
        done = apply(partial(_row, judged), jobs)
        rows = list(tqdm(done, "simulating", len(jobs), leave=False, disable=not progress))
    return pd.DataFrame(rows).astype({"seed": "Int64"} if rows else {})


@contextmanager
def _pool(workers: int) -> Iterator[_Apply]:
    if workers <= 1:
        yield map
        return
    # Spawned, because a notebook has threads, which a fork would copy only in part.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool.map


def _traces(
    traces: Mapping[str, AnyTrace] | Sequence[str], seeds: Iterable[int], seconds: float
) -> dict[tuple[str, int | None], Trace]:
    if isinstance(traces, Mapping):
        return {(name, None): as_trace(trace) for name, trace in traces.items()}
    return {
        (fault, seed): make_trace(fault, seconds=seconds, seed=seed)
        for fault, seed in product(traces, tuple(seeds))
    }


def _row(judged: _Judged | None, job: _Job) -> _Row:
    run, trace = job
    settings = asdict(run)
    name, seed, policy = (settings.pop(key) for key in ("trace", "seed", "policy"))
    simulated = simulate(trace, policy, **settings)
    row = {"trace": name, "seed": seed, "policy": str(policy), **settings, **summary(simulated)}
    if judged is not None:
        video, own = judged
        reached, reference = as_shown(simulated, video).mean(), own.loc[simulated["pts"]].mean()
        row |= {"as_shown": reached, "as_shown_ratio": reached / reference}
    return row
