"""Faults of a running camera's detector, by schedule, and what is to be true all the same."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.live_drift.figures import Figures, figures
from benchmarks.live_drift.ledger import Ledger, Told
from benchmarks.measure.reader import Reader
from benchmarks.measure.server import Server
from streamlab.faults import PRESETS

MAX_PLAYOUT_DELAY_MS = 250.0
TIMER_SLACK_MS = 5.0  # how late the server's event loop may come to a timer
GOAL_WITHIN = 0.999
MAX_SLOPE_MB_A_MINUTE = 0.5
SHORTEST_SLOPE_S = 300.0
STALL_S, STALL_EVERY_S = 3.0, 60.0
DEAD_S = 10.0
RAW_READY_S = 5.0
BEFORE_S, AFTER_S = 2.0, 12.0  # the share of fresh frames is that of the last 10 s
TOLD_DROP = 0.05

Settings = dict[str, Any]
JITTER: Settings = PRESETS["lognormal"].describe()
STALL: Settings = {**JITTER, "parallel": False, "stall_ms": STALL_S * 1000}
DEAD: Settings = {**JITTER, "detector_dead": True}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong from ``at_s`` to ``until_s`` of the run."""

    name: str
    at_s: float
    until_s: float
    faults: Settings


def schedule(seconds: float) -> list[Fault]:
    """Return the faults of a run on top of the jitter: a stall a minute, one death half way."""
    shrink = min(1.0, seconds / (2 * STALL_EVERY_S))  # a short run has them closer together
    every_s, dead_s = STALL_EVERY_S * shrink, DEAD_S * shrink
    minutes = int(seconds / every_s)
    stalls = [
        Fault("stall", (minute + 0.4) * every_s, (minute + 0.4) * every_s + STALL_S, STALL)
        for minute in range(minutes)
    ]
    dead_at_s = (minutes // 2 + 0.7) * every_s
    dead = Fault("detector dead", dead_at_s, dead_at_s + dead_s, DEAD)
    return sorted([*stalls, dead], key=lambda fault: fault.at_s)


def measure_raw_ready(server: Server, camera_id: str, stream: str) -> Figures:
    """Return how long raw frames take to be ready, ms: released at once, under policy `none`."""
    camera = f"/cameras/{camera_id}"
    policy = server.get(f"/streams/sse/{camera_id}/sync-stats")["policy"]
    server.patch(camera, {"sync_policy": "none", "max_playout_delay_ms": MAX_PLAYOUT_DELAY_MS})
    ledger, until_s = Ledger(strip=False), time.monotonic() + RAW_READY_S
    with Reader(server.port, stream) as reader:
        for arrival in reader.arrivals():
            if arrival is not None:
                ledger.receive(arrival)
            if time.monotonic() > until_s:
                break
    server.patch(camera, {"sync_policy": policy})
    found: Figures = figures(ledger)["raw_released_ms"]
    return found


@dataclass(slots=True)
class FaultRun:
    """Injects the faults when they are due, and judges the run."""

    patch: Callable[[Settings], object]
    """Sets the camera's faults."""
    seconds: float
    raw_ready_ms: Figures
    faults: list[Fault] = field(init=False)
    _due: list[tuple[float, Settings]] = field(init=False)

    def __post_init__(self) -> None:
        self.faults = schedule(self.seconds)
        self._due = [(0.0, JITTER)]
        for fault in self.faults:
            self._due += [(fault.at_s, fault.faults), (fault.until_s, JITTER)]

    def advance(self, now_s: float) -> None:
        """Inject what is due."""
        while self._due and self._due[0][0] <= now_s:
            self.patch(self._due.pop(0)[1])

    def report(self, found: Figures, ledger: Ledger) -> Figures:
        """Return what was told of each fault, and whether what must hold has held."""
        begun = [fault for fault in self.faults if fault.until_s < found["seconds"]]
        stories = [_story(fault, ledger.syncs) for fault in begun]
        return {
            "raw_ready_ms": self.raw_ready_ms,
            "stories": stories,
            "checks": [*self._checks(found), _check_told(stories)],
        }

    def _checks(self, found: Figures) -> list[Figures]:
        server, process = found["server"], found["process"]
        latest_ms = found["raw_released_ms"]["max"]
        ready_ms, added_ms = self.raw_ready_ms["max"], server["added_latency_ms"]["max"]
        stale = found["frames"] - round(found["fresh"] * found["frames"])
        missing = sum(found["missing"].values())
        slope, bound_ms = process["rss_slope_mb_a_minute"], MAX_PLAYOUT_DELAY_MS
        long_enough = found["seconds"] >= SHORTEST_SLOPE_S
        return [
            _check(
                f"{GOAL_WITHIN:.1%} of frames within {found['tolerance_ms']:.0f} ms by arrival",
                found["within"]["arrival"] >= GOAL_WITHIN,
                f"{found['within']['arrival']:.3%}",
            ),
            _check(
                f"raw is added at most {bound_ms:.0f} ms (and {TIMER_SLACK_MS:.0f}), sync-stats",
                added_ms <= bound_ms + TIMER_SLACK_MS,
                f"at most {added_ms:.1f} ms",
            ),
            _check(
                f"raw is released at most {bound_ms:.0f} ms and the time to be ready after capture",
                latest_ms <= bound_ms + ready_ms,
                f"at most {latest_ms:.1f} ms; ready {self.raw_ready_ms['p50']} to {ready_ms} ms",
            ),
            _check(
                "stale frames are counted",
                stale <= server["frames"].get("stale", 0),
                f"{stale} delivered, {server['frames'].get('stale', 0)} counted by the server",
            ),
            _check("no frame is missing in one channel", missing == 0, f"{missing}"),
            _check(
                f"memory does not grow by {MAX_SLOPE_MB_A_MINUTE} MB a minute",
                not long_enough or slope < MAX_SLOPE_MB_A_MINUTE,
                f"{slope:+.2f}" + ("" if long_enough else " (too short a run to judge)"),
            ),
        ]


def _check(what: str, ok: bool, found: str) -> Figures:
    return {"what": what, "ok": ok, "found": found}


def _check_told(stories: list[Figures]) -> Figures:
    silent = [
        f"{story['fault']} at {story['at_s']:.0f} s"
        for story in stories
        if not story["fresh"]
        or story["fresh"]["worst"] > story["fresh"]["before"] - TOLD_DROP
        or "stale" not in story["corrections"]
    ]
    what = f"each fault shows in the sync events: stale, and {TOLD_DROP:.0%} fewer fresh"
    return _check(what, not silent, f"not {', '.join(silent)}" if silent else "all")


def _story(fault: Fault, syncs: list[Told]) -> Figures:
    """Return what the sync events told around a fault."""
    before = [told for told in syncs if fault.at_s - BEFORE_S <= told.at_s < fault.at_s]
    since = [told for told in syncs if fault.at_s <= told.at_s <= fault.until_s + AFTER_S]
    fresh = [told.data["fresh_fraction"] for told in since]
    delays_ms = [told.data["playout_delay_ms"] for told in since]
    states = [(told.at_s - fault.at_s, told.data["state"]) for told in before + since]
    return {
        "fault": fault.name,
        "at_s": fault.at_s,
        "states": [
            {"after_s": round(at_s, 1), "state": state}
            for index, (at_s, state) in enumerate(states)
            if index == 0 or states[index - 1][1] != state
        ],
        "corrections": dict(Counter(told.data["correction"] for told in since)),
        "fresh": before
        and since
        and {
            "before": before[-1].data["fresh_fraction"],
            "worst": min(fresh),
            "after": fresh[-1],
        },
        "delay_ms": since and {"least": min(delays_ms), "most": max(delays_ms)},
        "events": [{"at_s": round(told.at_s, 2), **told.data} for told in before + since],
    }
