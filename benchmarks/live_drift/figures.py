"""The figures of a run, from its ledger: plain data, ready for JSON. Times are ms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from benchmarks.live_drift.ledger import Delivery, Ledger
from benchmarks.measure.event import TICKS_PER_S
from streamlab.core.stats import quantiles

NS_PER_MS = 1_000_000
Pair = tuple[Delivery, Delivery]
Figures = dict[str, Any]


def figures(ledger: Ledger) -> Figures:
    """Return the figures of what has arrived so far.

    What came from the cache when the stream was joined is left out, and so is what is after the
    newest frame of the channel that is behind: its other half may still come.
    """
    pairs, missing = _paired(ledger)
    frames = len(pairs) + sum(missing.values())
    arrival = [(shown.at_ns - raw.at_ns) / NS_PER_MS for raw, shown in pairs.values()]
    release = [(shown.released_at - raw.released_at) * 1000 for raw, shown in pairs.values()]
    stale = [
        pts - shown.detections_pts
        for pts, (_, shown) in pairs.items()
        if shown.detections_pts is not None
    ]
    raws = [raw for raw, _ in pairs.values()]
    return {
        "frames": frames,
        "missing": missing,
        "skipped": _skipped(ledger, pairs),
        "within": {
            "arrival": _within(arrival, ledger.tolerance_ms, frames),
            "released_at": _within(release, ledger.tolerance_ms, frames),
        },
        "drift_abs_ms": {
            "arrival": spread(map(abs, arrival)),
            "released_at": spread(map(abs, release)),
        },
        "fresh": sum(age == 0 for age in stale) / max(1, frames),
        "without_boxes": len(pairs) - len(stale),
        "box_age_ms": spread(age * 1000 / TICKS_PER_S for age in stale),
        "raw_latency_ms": spread((raw.at_s - raw.captured_at) * 1000 for raw in raws),
        "raw_released_ms": spread((raw.released_at - raw.captured_at) * 1000 for raw in raws),
        "raw_delivery_ms": spread((raw.at_s - raw.released_at) * 1000 for raw in raws),
        "raw_interval_ms": spread((b.at_ns - a.at_ns) / NS_PER_MS for a, b in pairwise(raws)),
        "strip": _strip(ledger, pairs) if ledger.strip else None,
        "sync": {
            "state": dict(Counter(told.data["state"] for told in ledger.syncs)),
            "correction": dict(Counter(told.data["correction"] for told in ledger.syncs)),
        },
        "events": {name: ledger.counts[name] for name in ("gap", "source", "end")},
        "sequence_holes": ledger.counts["sequence_holes"],
        "tfdt_is_not_pts": ledger.counts["tfdt_is_not_pts"],
    }


def spread(values: Iterable[float]) -> dict[str, float] | None:
    """Return nearest-rank quantiles, rounded, or None when there are no values."""
    found = quantiles(list(values))
    if found is None:
        return None
    names = ("p50", "p95", "p99", "max")
    return {name: round(getattr(found, name), 2) for name in names}


def worst(ledger: Ledger, count: int) -> list[dict[str, float]]:
    """Return where the most of the drift of the worst frames arose, ms after the capture."""
    pairs, _ = _paired(ledger)
    ordered = sorted(pairs.items(), key=lambda item: -_drift_ns(item[1]))
    return [_stages(ledger, pts, *pair) for pts, pair in ordered[:count]]


def _stages(ledger: Ledger, pts: int, raw: Delivery, shown: Delivery) -> dict[str, float]:
    captured_at = raw.captured_at
    times = {
        "raw_released": raw.released_at,
        "raw_arrived": raw.at_s,
        "annotated_released": shown.released_at,
        "annotated_arrived": shown.at_s,
    }
    age = pts - shown.detections_pts if shown.detections_pts is not None else -TICKS_PER_S
    return {
        "at_s": round(ledger.seconds(raw.at_ns), 2),
        **{name: round((at_s - captured_at) * 1000, 1) for name, at_s in times.items()},
        "box_age": round(age * 1000 / TICKS_PER_S, 1),
    }


def _drift_ns(pair: Pair) -> int:
    return abs(pair[1].at_ns - pair[0].at_ns)


def _paired(ledger: Ledger) -> tuple[dict[int, Pair], dict[str, int]]:
    raw, annotated = (_live(ledger.deliveries[name]) for name in ("raw", "annotated"))
    if not raw or not annotated:
        return {}, {"raw": 0, "annotated": 0}
    first = max(min(raw), min(annotated))
    last = min(max(raw), max(annotated))
    pairs = {pts: (raw[pts], annotated[pts]) for pts in sorted(raw.keys() & annotated.keys())}
    within = {pts for pts in raw.keys() ^ annotated.keys() if first <= pts <= last}
    return pairs, {
        "raw": len(within - raw.keys()),
        "annotated": len(within - annotated.keys()),
    }


def _live(deliveries: dict[int, Delivery]) -> dict[int, Delivery]:
    return {pts: delivery for pts, delivery in deliveries.items() if not delivery.cached}


def _within(drifts_ms: list[float], tolerance_ms: float, frames: int) -> float:
    return sum(abs(drift) <= tolerance_ms for drift in drifts_ms) / max(1, frames)


def _skipped(ledger: Ledger, pairs: dict[int, Pair]) -> int:
    """Count the frames that the camera gave to no channel: the leaps of the frame number."""
    numbers = [ledger.number_of(pts) for pts in pairs]
    return sum(after - before - 1 for before, after in pairwise(numbers))


def _strip(ledger: Ledger, pairs: dict[int, Pair]) -> dict[str, int]:
    counts = Counter(decoded=0, wrong=0, unequal=0)
    for pts in pairs:
        read = [ledger.numbers[channel].get(pts) for channel in ledger.numbers]
        counts["decoded"] += all(number is not None for number in read)
        counts["wrong"] += any(number != ledger.number_of(pts) for number in read)
        counts["unequal"] += len(set(read)) > 1
    return dict(counts)
