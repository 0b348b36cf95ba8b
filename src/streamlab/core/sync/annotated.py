"""One annotated channel as the sync controller sees it, independent of the others of its camera.

It has its own box deadline, drift meter, playout control and freshness, and determines until when
a raw frame waits for it. Rules:

- a raw frame released because its detections have arrived is released no sooner than the cost of
  an annotated frame after the previous raw frame: annotated frames are drawn one after another;
- while it is degraded, and until its detector keeps up again, the channel is in *catch-up* mode:
  raw does not wait for it, and its frames are drawn in time to follow raw, with detections carried
  forward;
- a raw frame released without a channel that it waited for counts as a ``release`` of that channel.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping

from streamlab.core.channels import SyncState
from streamlab.core.events import Correction
from streamlab.core.mp4.fragment import Fragment
from streamlab.core.sync.channel_metadata import ChannelMetadata
from streamlab.core.sync.drift import DriftMeter
from streamlab.core.sync.events import BoxDeadline
from streamlab.core.sync.freshness import MET
from streamlab.core.sync.playout import MAX_UNPAIRED, NEVER_NS, PlayoutControl
from streamlab.core.sync.raw import Waiting
from streamlab.core.sync.settings import SyncSettings
from streamlab.core.time.timebase import NS_PER_MS

_CORRECTIONS: tuple[Correction, ...] = ("re-anchor", "release", "stale", "hold")  # strongest first


class AnnotatedSync:
    """Holds the queue of one annotated channel and its measurements."""

    def __init__(self, name: str, settings: SyncSettings, max_violations: int) -> None:
        self.name = name
        self.meter = DriftMeter(tolerance_ms=settings.tolerance_ms, max_violations=max_violations)
        self.control = PlayoutControl(
            settings.policy,
            tolerance_ns=round(settings.tolerance_ms * NS_PER_MS),
            max_delay_ns=round(settings.max_playout_delay_ms * NS_PER_MS),
            max_stale_fraction=settings.max_stale_fraction,
        )
        self.counts: Counter[str] = Counter()
        self.freshness = MET  # as of the last check
        self.waiting: deque[Waiting] = deque()
        self.last_release: tuple[Fragment, int] | None = None
        """The last released fragment and its release time, ns."""
        self.answered: set[int] = set()
        """PTS of frames whose detections have arrived before their raw frame was released."""
        self._catch_up_ns = NEVER_NS  # raw frames ready after this do not wait for this channel
        self._announced_ns: int | None = None
        self._reported = (0, 0, 0, 0)  # count of each correction at the last report

    # -- waiting -------------------------------------------------------------------------

    def raw_due_ns(self, pts: int, ready_ns: int, last_released_ns: int | None) -> int:
        """Return until when a raw frame waits for this channel, by the current delays, ns.

        ``last_released_ns``: when the previous raw frame was released, if any. The result may be
        in the past.
        """
        control = self.control
        playout = control.playout
        if playout.together and pts <= control.ready_pts:
            return ready_ns
        due_ns = ready_ns + playout.hold_ns
        if playout.result_cost_ns is None or pts not in self.answered:
            return due_ns
        if last_released_ns is None:
            return ready_ns
        return min(due_ns, last_released_ns + playout.result_cost_ns)

    def misses(self, pts: int, ready_ns: int) -> bool:
        """Return True if a raw frame that is released now has waited for this channel in vain."""
        if pts <= self.control.ready_pts or ready_ns > self._catch_up_ns:
            return False
        return self.control.playout.result_cost_ns is None or pts not in self.answered

    # -- release -------------------------------------------------------------------------

    def receive_raw_release(self, pts: int, now_ns: int) -> None:
        """Record the release of a raw frame, which must be newer than all before it."""
        self.meter.receive_frame(pts, True, now_ns)
        answered = self.answered
        answered.discard(pts)
        if len(answered) > MAX_UNPAIRED:
            self.answered = {other for other in answered if other > pts}

    @property
    def patience_ns(self) -> int:
        """How long a frame waits for a raw frame that is late or will never come."""
        learned = self.control.learned
        return learned.max_delay_ns + learned.tolerance_ns

    # -- settings and state --------------------------------------------------------------

    def request_settings(self, settings: SyncSettings) -> None:
        """Apply other settings, keeping what was learned so far."""
        self.meter.tolerance_ms = settings.tolerance_ms
        self.control.request_policy(settings.policy)
        self.control.request_tolerance(round(settings.tolerance_ms * NS_PER_MS))
        self.control.request_max_delay(round(settings.max_playout_delay_ms * NS_PER_MS))
        self.control.max_stale_fraction = settings.max_stale_fraction

    def request_restart(self) -> None:
        """Forget frames that wait for their counterpart: a channel was stopped."""
        self.meter.request_restart()
        self.control.forget_unpaired()
        self.answered.clear()

    def enter_catch_up(self, now_ns: int) -> bool:
        """Enter catch-up mode if the channel is degraded; return True if it was entered."""
        idle = self.control.catching_up or not self.control.waits
        if self.meter.state is not SyncState.DEGRADED or idle:
            return False
        self.counts["catch_up"] += 1
        self._catch_up_ns = now_ns
        self.control.request_catch_up(True)
        return True

    def request_late_start(self, raw_counts: Mapping[str, int]) -> None:
        """Start in catch-up mode: the channel is added to a running camera."""
        self._catch_up_ns = -1
        self.control.request_catch_up(True)
        self.next_correction(raw_counts)  # earlier corrections did not concern this channel

    def leave_catch_up(self, lag_ns: int) -> bool:
        """Leave catch-up mode if raw can wait for such a lag; return True if it was left."""
        if self.meter.state is SyncState.DEGRADED or not self.control.can_wait_for(lag_ns):
            return False
        self._catch_up_ns = NEVER_NS
        self.control.request_catch_up(False)
        return True

    def judge_freshness(self, handover_ns: int, now_ns: int) -> None:
        """Update ``freshness`` from the share of fresh frames in the last seconds."""
        share = self.meter.fresh_lately(now_ns)
        self.freshness = self.control.judge_freshness(share, handover_ns, now_ns)

    def metadata(self, now_ns: int) -> ChannelMetadata:
        """Return the channel's last release, drift and freshness."""
        return ChannelMetadata.of(
            self.name,
            self.last_release,
            drift_ms=self.meter.status(now_ns).drift_ms,
            fresh_fraction=self.meter.fresh_lately(now_ns),
        )

    def moved_deadline(self) -> BoxDeadline | None:
        """Return the box deadline if it has changed since the last one returned, else None."""
        deadline_ns = self.control.playout.box_deadline_ns
        if deadline_ns == self._announced_ns:
            return None
        self._announced_ns = deadline_ns
        return BoxDeadline(self.name, deadline_ns)

    def next_correction(self, raw_counts: Mapping[str, int]) -> Correction:
        """Return the strongest correction since the last call, or ``none``.

        ``raw_counts``: how often raw was held and media time jumped, since the camera's start.
        """
        release, stale = self.counts.get("release", 0), self.meter.counts.get("stale", 0)
        counts = (raw_counts.get("re-anchor", 0), release, stale, raw_counts.get("hold", 0))
        before, self._reported = self._reported, counts
        if counts == before:
            return "none"
        grown = map(int.__gt__, counts, before)
        return next(kind for kind, more in zip(_CORRECTIONS, grown, strict=True) if more)
