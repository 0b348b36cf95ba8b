"""Judges whether enough frames are fresh, and if not, what is too slow.

A frame is fresh if it shows the detections computed on it. Rules:

- freshness is *met* while at most ``max_stale_fraction`` of the last seconds' frames were stale;
- the cause is the machine if finished frames wait long for the event loop, since everything else
  is then late as well; else the detector, if too few results arrive within the longest time that
  raw may wait; else drawing and encoding, if their usual cost leaves too little of that time.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from streamlab.core.time.timebase import NS_PER_MS

BUSY_NS = 5 * NS_PER_MS  # an idle loop takes a frame within 1 ms; CPython's switch interval is 5 ms
TOLERATED = 0.01  # a share this close to its bound is not worth a warning


class Freshness(NamedTuple):
    """The result of judging the share of fresh frames."""

    met: bool
    detail: str
    """What is too slow, in plain text; empty while freshness is met."""


MET = Freshness(True, "")


def fresh_deadline_ns(lags_ns: Sequence[int], enough: float, reach_ns: int) -> int | None:
    """Return the least box deadline that keeps the share ``enough`` of the frames fresh, ns.

    If even the longest, ``reach_ns``, does not, keep that share of the frames that it can reach.
    ``lags_ns`` is ascending; None if it is empty.
    """
    within = bisect_right(lags_ns, reach_ns)
    if not within:
        return 0 if lags_ns else None  # 0: waiting would gain nothing
    needed = enough * len(lags_ns)
    if needed > within:
        needed = enough * within
    return lags_ns[max(0, math.ceil(needed) - 1)]


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
        share: share of fresh frames in the last seconds; None if there were no frames.
        wanted: the least acceptable share.
        lags_ns: time from capture to result of recent frames.
        longest_lag_ns: the longest lag that raw can wait for, however cheap drawing is.
        usual_lag_bound_ns: the longest lag that raw can wait for at the usual cost of a frame.
        usual_cost_ns: usual cost of drawing and encoding a frame.
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
