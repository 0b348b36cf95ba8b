"""How far an annotated channel leaves from raw: measured on what was released.

Drift of a frame is the release of its annotated picture minus the release of its raw one,
signed, ms. Each annotated channel of a camera has a meter of its own. Rules:

- a frame is measured once, by its first release in each channel, whatever the quality; while it
  has left in one channel only, the time since then counts as drift so far;
- channels are in order: what the other channel has gone past will never come, and is *unpaired*;
- more than ``tolerance_ms`` is a violation; ``max_violations`` in a row, or that many frames
  that wait for their other half beyond the tolerance, make the channel ``degraded``; as many
  good ones in a row, or good ones alone for ``RECOVERY_NS``, make it ``synchronized`` again.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

from streamlab.core.channels import SyncState
from streamlab.core.mp4.fragment import Fragment
from streamlab.core.stats import RecentShare, Window
from streamlab.core.sync.playout import MAX_UNPAIRED
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S, TIMESCALE

WINDOW_S = 300.0
WINDOW_FRAMES = 32_768
# An enum is slow to look into, and every frame does.
DEGRADED, SYNCHRONIZED = SyncState.DEGRADED, SyncState.SYNCHRONIZED
FRESH_SPAN_S = 5.0
RECOVERY_NS = 2 * NS_PER_S  # a slow camera's ten frames would take it much longer


class ChannelSyncStatus(NamedTuple):
    """How well an annotated channel keeps to raw."""

    drift_ms: float | None
    is_synchronized: bool
    violations: int
    state: SyncState


class DriftMeter:
    """Pairs the releases of each frame, and judges."""

    def __init__(self, *, tolerance_ms: float, max_violations: int) -> None:
        self.tolerance_ms = tolerance_ms
        self.max_violations = max_violations
        self.state = SYNCHRONIZED
        self.counts: Counter[str] = Counter()
        self.drifts_ms = Window(WINDOW_S, WINDOW_FRAMES)
        self.box_ages_ms = Window(WINDOW_S, WINDOW_FRAMES)
        self._fresh_share = RecentShare(FRESH_SPAN_S)
        self._newest_pts = -1  # of the annotated frames that have left
        self._alone: deque[tuple[int, int]] = deque()  # out in one channel: pts, released
        self._raw_is_ahead = True  # those are raw frames, not annotated ones
        self._last_drift_ms: float | None = None
        self._run = 0  # violations in a row, or good frames in a row below zero
        self._good_since_ns = 0

    def receive_annotated(self, fragment: Fragment, now_ns: int) -> None:
        """Record an annotated fragment that leaves now."""
        for frame in fragment.frames:
            pts, boxes = frame.pts, frame.boxes
            if pts <= self._newest_pts:
                continue  # another quality of the channel was first
            self._newest_pts = pts
            self.receive_frame(pts, False, now_ns)
            if boxes is not None:
                self._count_age(pts, boxes.detections_pts, now_ns)

    def receive_frame(self, pts: int, is_raw: bool, now_ns: int) -> None:
        """Record a frame that leaves now, newer than all before it in its channel."""
        alone = self._alone
        if is_raw is not self._raw_is_ahead:
            while alone and alone[0][0] < pts:
                alone.popleft()
                self.counts["unpaired"] += 1
            if not alone:
                self._raw_is_ahead = is_raw
            elif alone[0][0] == pts:
                self._receive_pair(is_raw, alone.popleft()[1], now_ns)
                return
            else:  # the other channel is beyond this frame
                self.counts["unpaired"] += 1
                return
        alone.append((pts, now_ns))
        if len(alone) > MAX_UNPAIRED:
            alone.popleft()
            self.counts["unpaired"] += 1
        if len(alone) >= self.max_violations:
            self.check(now_ns)

    def request_restart(self) -> None:
        """Forget frames that wait for their other half: a channel was stopped."""
        self._alone.clear()
        self._last_drift_ms = None

    def check(self, now_ns: int) -> None:
        """Look for a channel that has fallen silent."""
        if len(self._alone) >= self.max_violations:
            _, released_ns = self._alone[self.max_violations - 1]
            if now_ns - released_ns > self.tolerance_ms * NS_PER_MS:
                self.state = DEGRADED
                self._run = max(self._run, 0)

    def status(self, now_ns: int) -> ChannelSyncStatus:
        """Return the state, and the drift now: of the last pair, or so far of a waiting frame."""
        drift_ms = self._last_drift_ms
        if self._alone:
            so_far_ms = (now_ns - self._alone[0][1]) / NS_PER_MS
            if so_far_ms > max(self.tolerance_ms, abs(drift_ms or 0.0)):
                drift_ms = so_far_ms if self._raw_is_ahead else -so_far_ms
        together = drift_ms is None or abs(drift_ms) <= self.tolerance_ms
        state = self.state
        if state is SyncState.SYNCHRONIZED and not together:
            state = SyncState.CORRECTING
        return ChannelSyncStatus(drift_ms, together, self.counts["violations"], state)

    def fresh_lately(self, now_ns: int) -> float | None:
        """Return the share of fresh frames among those of about the last ``FRESH_SPAN_S``."""
        fresh, stale = self.counts["fresh"], self.counts["stale"]
        return self._fresh_share.receive_counts(fresh, fresh + stale, now_ns)

    def fresh_fraction(self, now_ns: int, span_s: float) -> float | None:
        """Return the share of annotated frames of the last seconds with boxes of their own."""
        ages_ms = self.box_ages_ms.values(now_ns, span_s)
        return sum(age == 0 for age in ages_ms) / len(ages_ms) if ages_ms else None

    def _receive_pair(self, raw_is_last: bool, first_ns: int, now_ns: int) -> None:
        drift_ms = (now_ns - first_ns) / NS_PER_MS
        if raw_is_last:
            drift_ms = -drift_ms
        self._last_drift_ms = drift_ms
        self.drifts_ms.add(drift_ms, now_ns)
        run = self._run
        if abs(drift_ms) > self.tolerance_ms:
            self.counts["violations"] += 1
            self._run = run = run + 1 if run > 0 else 1
            if run >= self.max_violations:
                self.state = DEGRADED
            return
        self.counts["in_tolerance"] += 1
        if run >= 0:
            run, self._good_since_ns = 0, now_ns
        self._run = run = run - 1
        if run <= -self.max_violations or now_ns - self._good_since_ns >= RECOVERY_NS:
            self.state = SYNCHRONIZED

    def _count_age(self, pts: int, detections_pts: int | None, now_ns: int) -> None:
        self.counts["fresh" if detections_pts == pts else "stale"] += 1
        if detections_pts is not None:
            self.box_ages_ms.add((pts - detections_pts) * 1000 / TIMESCALE, now_ns)
