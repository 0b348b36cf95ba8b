"""Releases the channels of a camera together: raw and any number of annotated ones.

Rules:

- each channel is released in order, and no frame before it is ready;
- raw waits for the slowest annotated channel that keeps up, for each at most as long as the policy
  asks (``core.sync.playout``), and never longer than ``max_playout_delay_ms``; the policy's current
  delays apply to frames that already wait; without an annotated channel raw is released at once;
- an annotated frame is never released before its raw frame, unless that one never comes;
- no annotated channel waits for another, and raw does not wait for one that is in catch-up mode
  (``core.sync.annotated``) or has been removed; one that is added to a running camera starts in
  catch-up mode;
- a jump of media time against real time by more than ``RE_ANCHOR_NS`` discards what was learned.
"""

from __future__ import annotations

from collections.abc import Iterable

from streamlab.core.channels import ANNOTATED, RAW
from streamlab.core.events import Sync
from streamlab.core.mp4.fragment import Fragment
from streamlab.core.sync.annotated import AnnotatedSync
from streamlab.core.sync.channels import SyncChannels
from streamlab.core.sync.events import BoxDeadline, Release
from streamlab.core.sync.playout import NEVER_NS
from streamlab.core.sync.raw import Waiting
from streamlab.core.sync.rule import Policy
from streamlab.core.sync.settings import SyncSettings
from streamlab.core.time.timebase import NS_PER_MS

ADAPT_INTERVAL_NS = 500 * NS_PER_MS


class SyncController(SyncChannels):
    """Decides when fragments are released.

    Four verbs: ``receive_*``, ``get_timer``, ``handle_timer``, ``next_event``.
    """

    def __init__(
        self,
        *,
        tolerance_ms: float,
        check_interval_ns: int,
        max_violations: int,
        now_ns: int,
        policy: Policy,
        max_playout_delay_ms: float = 250.0,
        max_stale_fraction: float = 0.2,
        annotated: Iterable[str] = (ANNOTATED,),
    ) -> None:
        settings = SyncSettings(tolerance_ms, policy, max_playout_delay_ms, max_stale_fraction)
        super().__init__(settings, max_violations, annotated)
        self._check_interval_ns = check_interval_ns
        self._next_check_ns = now_ns + check_interval_ns
        self._next_adapt_ns = now_ns + ADAPT_INTERVAL_NS // 2  # between the checks
        self._next_tick_ns = min(self._next_adapt_ns, self._next_check_ns)

    # -- input ---------------------------------------------------------------------------

    def receive_lag(self, channel: str, pts: int, lag_ns: int | None, now_ns: int) -> None:
        """Record how long after its capture a frame's detections came; None: they will not.

        Ignored if the channel has been removed.
        """
        annotated = self.annotated.get(channel)
        if annotated is None:
            return
        control = annotated.control
        control.receive_lag(lag_ns, now_ns)
        if lag_ns is None:
            return
        if control.catching_up and annotated.leave_catch_up(lag_ns):
            self._announce_deadline(annotated)
        if pts > self._raw.newest_pts:
            annotated.answered.add(pts)
            self._release_due(now_ns)

    def receive_fragment(self, fragment: Fragment, now_ns: int) -> None:
        """Receive a fragment that is ready; it is dropped if its channel has been removed."""
        name, frame = fragment.key.channel, fragment.frames[-1]
        if name == RAW:
            if self._raw.receive_fragment(fragment, now_ns):
                self._re_anchor()
            for channel in self._channels:
                channel.control.receive_raw(frame, now_ns)
        elif (annotated := self.annotated.get(name)) is not None:
            annotated.control.receive_annotated(frame, now_ns)
            annotated.waiting.append((fragment, frame.pts, now_ns))
        else:
            self.counts["dropped"] += 1
        self._release_due(now_ns)

    # -- time ----------------------------------------------------------------------------

    def get_timer(self) -> int:
        """Return the monotonic time at which a frame, adaptation or report is due next, ns."""
        due_ns, tick_ns = self._due_ns, self._next_tick_ns
        return due_ns if due_ns < tick_ns else tick_ns

    def handle_timer(self, now_ns: int) -> None:
        """Adapt the delays, report, and release what is due."""
        if now_ns >= self._next_adapt_ns:
            self._next_adapt_ns = now_ns + ADAPT_INTERVAL_NS
            for channel in self._channels:
                channel.control.adapt(now_ns)
                self._announce_deadline(channel)
        if now_ns >= self._next_check_ns:
            self._next_check_ns = now_ns + self._check_interval_ns
            for channel in self._channels:
                channel.meter.check(now_ns)
                self._begin_catch_up(channel, now_ns)
                channel.judge_freshness(self._raw.handover_ns(now_ns), now_ns)
            self._post_report(now_ns)
        self._next_tick_ns = min(self._next_adapt_ns, self._next_check_ns)
        self._release_due(now_ns)

    # -- output --------------------------------------------------------------------------

    def next_event(self) -> Release | Sync | BoxDeadline | None:
        """Return the next event for the caller to act on, or None."""
        return self._events.popleft() if self._events else None

    # -- internal ------------------------------------------------------------------------

    def _re_anchor(self) -> None:
        self.counts["re-anchor"] += 1
        for channel in self._channels:
            channel.control.request_restart()

    def _post_report(self, now_ns: int) -> None:
        report = self.report(now_ns)
        if report is not None:
            self._events.append(report)

    def _begin_catch_up(self, channel: AnnotatedSync, now_ns: int) -> None:
        if channel.enter_catch_up(now_ns):
            self.counts["catch_up"] += 1
            self._announce_deadline(channel)

    def _release_due(self, now_ns: int) -> None:
        self._due_ns = NEVER_NS
        raw, channels, queue = self._raw, self._channels, self._raw.waiting
        while queue:
            _, pts, ready_ns = waiting = queue[0]
            due_ns = ready_ns
            for channel in channels:
                channel_ns = channel.raw_due_ns(pts, ready_ns, raw.last_released_ns)
                due_ns = channel_ns if channel_ns > due_ns else due_ns
            if due_ns > now_ns:
                self._due_ns = due_ns
                break
            queue.popleft()
            self._release_raw(waiting, now_ns)
        for channel in channels:
            while channel.waiting:
                _, pts, ready_ns = channel.waiting[0]
                if pts > raw.newest_pts and channel.control.waits:
                    if queue and queue[0][1] <= pts:
                        break
                    due_ns = ready_ns + channel.patience_ns
                    if due_ns > now_ns:
                        self._due_ns = min(self._due_ns, due_ns)
                        break
                self._release_annotated(channel, now_ns)

    def _release_raw(self, waiting: Waiting, now_ns: int) -> None:
        fragment, pts, ready_ns = waiting
        if now_ns > ready_ns and pts > self._raw.newest_pts:
            self._count_hold(pts, ready_ns)
        self._events.append(Release(fragment))
        frames = self._raw.receive_release(waiting, now_ns)
        changed = False
        for channel in self._channels:
            state = channel.meter.state
            for frame in frames:
                channel.receive_raw_release(frame.pts, now_ns)
            if channel.meter.state is not state:
                self._begin_catch_up(channel, now_ns)
                changed = True
        if changed:
            self._post_report(now_ns)

    def _count_hold(self, pts: int, ready_ns: int) -> None:
        self.counts["hold"] += 1
        is_alone = False
        for channel in self._channels:
            if channel.misses(pts, ready_ns):
                channel.counts["release"] += 1
                is_alone = True
        if is_alone:
            self.counts["release"] += 1

    def _release_annotated(self, channel: AnnotatedSync, now_ns: int) -> None:
        fragment = channel.waiting.popleft()[0]
        state = channel.meter.state
        self._events.append(Release(fragment))
        channel.last_release = (fragment, now_ns)
        channel.meter.receive_annotated(fragment, now_ns)
        if channel.meter.state is not state:
            self._begin_catch_up(channel, now_ns)
            self._post_report(now_ns)
