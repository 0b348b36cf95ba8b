"""Whether enough frames show boxes of their own, and if not, what is too slow.

Rules:

- it is *met* while no more than ``max_stale_fraction`` of the last seconds' frames were stale;
- the machine is to blame when finished frames wait long for the event loop, since then everything
  else is late as well; else the detector, when too few results come in any time that raw may wait;
  else drawing and encoding, when what they cost usually leaves too little of that time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streamlab.core.time.timebase import NS_PER_MS

BUSY_NS = 5 * NS_PER_MS  # an idle loop takes a frame within one; CPython's switch interval is 5 ms
TOLERATED = 0.01  # a figure this close to its bound is not worth a warning


class Freshness(NamedTuple):
    """Whether the share of fresh frames is what the policy is to keep."""

    met: bool
    detail: str
    """What is too slow, in words; empty while it is met."""


MET = Freshness(True, "")


def judge_freshness(
    share: float | None,
    wanted: float,
    *,
    lags_ns: Sequence[int],
    longest_lag_ns: int,
    usual_lag_bound_ns: int,
    usual_cost_ns: int,
    handover_ns: int,
) -> Freshness:
    """Judge the share of fresh frames.

    Args:
        share: of the frames of the last seconds; None when there were none.
        wanted: the least share that is acceptable.
        lags_ns: of recent frames, from capture to result.
        longest_lag_ns: a result that takes longer cannot be waited for, however cheap drawing is.
        usual_lag_bound_ns: the same, with frames that cost what they usually do.
        usual_cost_ns: what drawing and encoding a frame costs.
        handover_ns: how long finished frames usually wait for the event loop.
    """
    if share is None or share >= wanted - TOLERATED:
        return MET
    if handover_ns > BUSY_NS:
        return Freshness(
            False,
            f"The machine is too busy: finished frames wait {handover_ns / NS_PER_MS:.0f} ms. "
            "Another process or Python code in this one, such as a notebook cell, is running.",
        )
    within = sum(lag_ns <= longest_lag_ns for lag_ns in lags_ns) / max(1, len(lags_ns))
    if within < wanted - TOLERATED:
        return Freshness(
            False,
            f"The detector is too slow: {within:.0%} of the frames get a result within "
            f"{longest_lag_ns / NS_PER_MS:.0f} ms.",
        )
    usual = sum(lag_ns <= usual_lag_bound_ns for lag_ns in lags_ns) / max(1, len(lags_ns))
    if usual < wanted - TOLERATED:
        return Freshness(
            False,
            f"Drawing and encoding are too slow: {usual_cost_ns / NS_PER_MS:.0f} ms a frame.",
        )
    return Freshness(False, "Recovering: some frames were late, and results now come in time.")
