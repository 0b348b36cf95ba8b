"""Measures the drift between an annotated channel and raw on released frames.

The drift of a frame is the release time of its annotated picture minus that of its raw picture,
signed, ms. Each annotated channel of a camera has its own meter. Rules:

- a frame is measured once, by its first release in each channel, whatever the quality; while it
  has been released in one channel only, the time since then counts as its drift so far;
- channels are in order: a frame that the other channel has passed never gets a counterpart and is
  *unpaired*;
- a drift beyond ``tolerance_ms`` is a violation; ``max_violations`` in a row, or that many frames
  that wait for their counterpart beyond the tolerance, make the channel ``degraded``; as many
  good frames in a row, or only good ones for ``RECOVERY_NS``, make it ``synchronized`` again.
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
# Enum member access is slow, and every frame needs it.
DEGRADED, SYNCHRONIZED = SyncState.DEGRADED, SyncState.SYNCHRONIZED
FRESH_SPAN_S = 5.0
RECOVERY_NS = 2 * NS_PER_S  # ten frames of a slow camera would take much longer


class ChannelSyncStatus(NamedTuple):
    """How well an annotated channel is synchronized with raw."""

    drift_ms: float | None
    is_synchronized: bool
    violations: int
    state: SyncState


class DriftMeter:
    """Pairs the releases of each frame and judges the drift of one annotated channel."""

    def __init__(self, *, tolerance_ms: float, max_violations: int) -> None:
        self.tolerance_ms = tolerance_ms
        self.max_violations = max_violations
        self.state = SYNCHRONIZED
        self.counts: Counter[str] = Counter()
        self.drifts_ms = Window(WINDOW_S, WINDOW_FRAMES)
        self.box_ages_ms = Window(WINDOW_S, WINDOW_FRAMES)
        self._fresh_share = RecentShare(FRESH_SPAN_S)
        self._newest_pts = -1  # of the released annotated frames
        self._alone: deque[tuple[int, int]] = deque()  # released in one channel: (pts, released_ns)
        self._raw_is_ahead = True  # ``_alone`` has raw frames, not annotated ones
        self._last_drift_ms: float | None = None
        self._run = 0  # violations in a row; negative: good frames in a row
        self._good_since_ns = 0

    def receive_annotated(self, fragment: Fragment, now_ns: int) -> None:
        """Record the release of an annotated fragment."""
        for frame in fragment.frames:
            pts, boxes = frame.pts, frame.boxes
            if pts <= self._newest_pts:
                continue  # already released in another quality
            self._newest_pts = pts
            self.receive_frame(pts, False, now_ns)
            if boxes is not None:
                self._count_age(pts, boxes.detections_pts, now_ns)

    def receive_frame(self, pts: int, is_raw: bool, now_ns: int) -> None:
        """Record the release of a frame, which must be newer than all before it in its channel."""
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
            else:  # the other channel has passed this frame
                self.counts["unpaired"] += 1
                return
        alone.append((pts, now_ns))
        if len(alone) > MAX_UNPAIRED:
            alone.popleft()
            self.counts["unpaired"] += 1
        if len(alone) >= self.max_violations:
            self.check(now_ns)

    def request_restart(self) -> None:
        """Forget frames that wait for their counterpart: a channel was stopped."""
        self._alone.clear()
        self._last_drift_ms = None

    def check(self, now_ns: int) -> None:
        """Degrade the channel if ``max_violations`` frames wait beyond the tolerance."""
        if len(self._alone) >= self.max_violations:
            _, released_ns = self._alone[self.max_violations - 1]
            if now_ns - released_ns > self.tolerance_ms * NS_PER_MS:
                self.state = DEGRADED
                self._run = max(self._run, 0)

    def status(self, now_ns: int) -> ChannelSyncStatus:
        """Return state and drift: of the last pair, or of a waiting frame so far if larger."""
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
        """Return the share of fresh frames in about the last ``FRESH_SPAN_S``, or None."""
        fresh, stale = self.counts["fresh"], self.counts["stale"]
        return self._fresh_share.receive_counts(fresh, fresh + stale, now_ns)

    def fresh_fraction(self, now_ns: int, span_s: float) -> float | None:
        """Return the share of fresh frames in the last ``span_s``, among frames with detections."""
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
