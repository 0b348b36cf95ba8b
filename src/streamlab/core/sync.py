"""Releases the two channels of a camera, and measures how far apart they leave.

Drift of a frame is the release of its annotated picture minus the release of its raw one,
signed, ms. Rules of this policy (``none``, the baseline):

- a fragment is released as soon as it is ready: nothing is corrected, everything is measured;
- a frame is measured once, by its first release in each channel, whatever the quality;
- while a frame has left in one channel only, the time since then counts as drift so far;
- more than ``tolerance_ms`` is a violation; ``max_violations`` in a row, or that many frames
  that wait for their other half beyond the tolerance, make the stream ``degraded``; as many
  good ones in a row make it ``synchronized`` again.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from streamlab.core.channels import ChannelType, SyncState
from streamlab.core.events import Sync
from streamlab.core.fragment import Fragment
from streamlab.core.stats import Window
from streamlab.core.timebase import TIMESCALE

NS_PER_MS = 1_000_000
MAX_UNPAIRED = 1024
WINDOW_S = 300.0


@dataclass(frozen=True, slots=True)
class Release:
    """This fragment leaves now."""

    fragment: Fragment


@dataclass(frozen=True, slots=True)
class ChannelSyncStatus:
    """How well the channels of one camera keep together, as of the last check."""

    drift_ms: float | None
    is_synchronized: bool
    violations: int
    state: SyncState


class SyncController:
    """Decides when fragments leave. Four verbs: receive, get_timer, handle_timer, next_event."""

    def __init__(
        self, *, tolerance_ms: float, check_interval_ns: int, max_violations: int, now_ns: int
    ) -> None:
        self.tolerance_ms = tolerance_ms
        self.max_violations = max_violations
        self.state = SyncState.SYNCHRONIZED
        self.counts: Counter[str] = Counter()
        self.drifts_ms = Window(WINDOW_S, max_values=32_768)
        self.box_ages_ms = Window(WINDOW_S, max_values=32_768)
        self.playout_delay_ms = 0.0
        self._check_interval_ns = check_interval_ns
        self._next_check_ns = now_ns + check_interval_ns
        self._released_ns: dict[int, tuple[ChannelType, int]] = {}  # frames out in one channel
        self._newest_pts: dict[ChannelType, int] = {}
        self._last_drift_ms: float | None = None
        self._run = 0  # violations in a row, or good frames in a row below zero
        self._events: deque[Release | Sync] = deque()

    def receive_fragment(self, fragment: Fragment, now_ns: int) -> None:
        """Take a fragment that is ready."""
        self._events.append(Release(fragment))
        channel = fragment.key.channel
        for frame in fragment.frames:
            if frame.pts <= self._newest_pts.get(channel, -1):
                continue  # another quality of the channel was first
            self._newest_pts[channel] = frame.pts
            self._measure(frame.pts, channel, now_ns)
            if frame.boxes is not None:
                self._count_age(frame.pts, frame.boxes.detections_pts, now_ns)

    def request_restart(self) -> None:
        """Forget frames that wait for their other half: a channel was stopped."""
        self._released_ns.clear()
        self._last_drift_ms = None

    def get_timer(self) -> int | None:
        """Return when the next check is due, ns."""
        return self._next_check_ns

    def handle_timer(self, now_ns: int) -> None:
        """Report once per check interval."""
        if now_ns >= self._next_check_ns:
            self._next_check_ns = now_ns + self._check_interval_ns
            if self._overdue(now_ns) >= self.max_violations:
                self.state = SyncState.DEGRADED
            self._events.append(self.report(now_ns))

    def next_event(self) -> Release | Sync | None:
        """Return what is to be done next."""
        return self._events.popleft() if self._events else None

    def status(self, now_ns: int) -> ChannelSyncStatus:
        """Return the state, and the drift now: of the last pair, or so far of a waiting frame."""
        drift_ms = self._last_drift_ms
        waiting = next(iter(self._released_ns.values()), None)
        if waiting is not None:
            channel, released_ns = waiting
            so_far_ms = (now_ns - released_ns) / NS_PER_MS
            if so_far_ms > max(self.tolerance_ms, abs(drift_ms or 0.0)):
                drift_ms = so_far_ms if channel is ChannelType.RAW else -so_far_ms
        together = drift_ms is None or abs(drift_ms) <= self.tolerance_ms
        return ChannelSyncStatus(drift_ms, together, self.counts["violations"], self.state)

    def report(self, now_ns: int) -> Sync:
        """Return the ``sync`` event as of now."""
        status = self.status(now_ns)
        ages = self.box_ages_ms.values(now_ns, span_s=10.0)
        return Sync(
            drift_ms=None if status.drift_ms is None else round(status.drift_ms, 3),
            is_synchronized=status.is_synchronized,
            sync_violations=status.violations,
            state=status.state,
            correction="none",
            fresh_fraction=round(sum(age == 0 for age in ages) / len(ages), 4) if ages else None,
            playout_delay_ms=self.playout_delay_ms,
            sync_tolerance_ms=self.tolerance_ms,
        )

    def _overdue(self, now_ns: int) -> int:
        """Count the frames that have waited for their other half beyond the tolerance."""
        latest_ns = now_ns - round(self.tolerance_ms * NS_PER_MS)
        return sum(released_ns < latest_ns for _, released_ns in self._released_ns.values())

    def _measure(self, pts: int, channel: ChannelType, now_ns: int) -> None:
        other = self._released_ns.pop(pts, None)
        if other is None:
            self._released_ns[pts] = (channel, now_ns)
            self._forget_unpaired()
            return
        drift_ms = (now_ns - other[1]) / NS_PER_MS
        if channel is ChannelType.RAW:
            drift_ms = -drift_ms
        self._last_drift_ms = drift_ms
        self.drifts_ms.add(drift_ms, now_ns)
        self._judge(abs(drift_ms) > self.tolerance_ms, now_ns)

    def _forget_unpaired(self) -> None:
        # Channels are in order: what the other channel has gone past will never come.
        while self._released_ns:
            pts, (channel, _) = next(iter(self._released_ns.items()))
            passed = any(
                newest > pts for other, newest in self._newest_pts.items() if other != channel
            )
            if not passed and len(self._released_ns) <= MAX_UNPAIRED:
                return
            del self._released_ns[pts]
            self.counts["unpaired"] += 1

    def _judge(self, violated: bool, now_ns: int) -> None:
        self.counts["violations" if violated else "in_tolerance"] += 1
        self._run = max(self._run, 0) + 1 if violated else min(self._run, 0) - 1
        state = self.state
        if self._run >= self.max_violations:
            self.state = SyncState.DEGRADED
        elif self._run <= -self.max_violations:
            self.state = SyncState.SYNCHRONIZED
        if state is not self.state:
            self._events.append(self.report(now_ns))

    def _count_age(self, pts: int, detections_pts: int | None, now_ns: int) -> None:
        self.counts["fresh" if detections_pts == pts else "stale"] += 1
        if detections_pts is not None:
            self.box_ages_ms.add((pts - detections_pts) * 1000 / TIMESCALE, now_ns)
