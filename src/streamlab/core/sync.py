"""Releases the two channels of a camera together.

Rules:

- each channel leaves in order, and no frame before it is ready;
- raw waits for its annotated frame at most as long as the policy says (``core.playout``), and
  never longer than ``max_playout_delay_ms``; what the policy says now holds for those that wait;
- raw that leaves because its detections have come leaves no sooner than the cost of an annotated
  frame after the raw before it: annotated frames are drawn in order, one after another;
- an annotated frame never leaves before its raw one, unless that one never comes;
- while the stream is degraded, and until the detector keeps up again, annotated *catches up*: raw
  does not wait, and annotated frames are let go in time to follow it, with boxes carried forward;
- a leap of media time against real time by more than ``RE_ANCHOR_NS`` forgets what was learnt.
"""

from __future__ import annotations

from collections import Counter, deque

from streamlab.core.channels import ChannelType, SyncState
from streamlab.core.drift import WINDOW_FRAMES, WINDOW_S, DriftMeter
from streamlab.core.events import Correction, Sync
from streamlab.core.fragment import Fragment
from streamlab.core.freshness import MET
from streamlab.core.playout import MAX_UNPAIRED, NEVER_NS, PlayoutControl, SyncPolicy
from streamlab.core.stats import RankedWindow, Window, nearest_rank
from streamlab.core.sync_events import BoxDeadline, Release
from streamlab.core.timebase import NS_PER_MS, pts_to_ns

RAW = ChannelType.RAW  # an enum is slow to look into, and every frame asks several times
ADAPT_INTERVAL_NS = 500 * NS_PER_MS
HANDOVER_SPAN_NS, HANDOVER_FRAMES = 2_000 * NS_PER_MS, 256
RE_ANCHOR_NS = 2_000 * NS_PER_MS  # OBS re-anchors on the same span
_CORRECTIONS: tuple[Correction, ...] = ("re-anchor", "release", "stale", "hold")  # strongest first


_Waiting = tuple[Fragment, int, int]  # a fragment, its last pts, when it was ready


class SyncController:
    """Decides when fragments leave. Four verbs: receive, get_timer, handle_timer, next_event."""

    def __init__(
        self,
        *,
        tolerance_ms: float,
        check_interval_ns: int,
        max_violations: int,
        now_ns: int,
        policy: SyncPolicy = SyncPolicy.HYBRID,
        max_playout_delay_ms: float = 250.0,
        max_stale_fraction: float = 0.2,
    ) -> None:
        self.meter = DriftMeter(tolerance_ms=tolerance_ms, max_violations=max_violations)
        self.counts: Counter[str] = Counter()
        self.delays_ms = Window(WINDOW_S, WINDOW_FRAMES)
        """How long raw frames waited after they were ready: the added latency."""
        self.intervals_ms = Window(WINDOW_S, WINDOW_FRAMES)
        """Between releases of raw frames: how smooth the picture is."""
        self.control = PlayoutControl(
            policy,
            tolerance_ns=round(tolerance_ms * NS_PER_MS),
            max_delay_ns=round(max_playout_delay_ms * NS_PER_MS),
            max_stale_fraction=max_stale_fraction,
        )
        self.freshness = MET  # as of the last check
        self._handovers_ns = RankedWindow(HANDOVER_SPAN_NS, HANDOVER_FRAMES)
        self._check_interval_ns = check_interval_ns
        self._next_check_ns = now_ns + check_interval_ns
        self._next_adapt_ns = now_ns + ADAPT_INTERVAL_NS // 2  # between the checks
        self._next_tick_ns = min(self._next_adapt_ns, self._next_check_ns)
        self._raw: deque[_Waiting] = deque()
        self._annotated: deque[_Waiting] = deque()
        self._answered: set[int] = set()  # frames whose raw has not left, but detections came
        self._last_raw: tuple[int, int, int] | None = None  # pts, ready, released
        self._reported = (0, 0, 0, 0)  # how often each of these corrections was needed
        self._announced_ns: int | None = None
        self._events: deque[Release | Sync | BoxDeadline] = deque()
        self._announce_deadline()
        self._due_ns = NEVER_NS  # when the next of those that wait leaves

    # -- in ------------------------------------------------------------------------------

    def receive_lag(self, pts: int, lag_ns: int | None, now_ns: int) -> None:
        """Take how long after its capture a frame's detections came; None when they will not."""
        control = self.control
        control.receive_lag(lag_ns, now_ns)
        if lag_ns is None:
            return
        if control.catching_up and control.can_wait_for(lag_ns):
            self._end_catch_up()
        if pts > self.meter.newest_pts[RAW]:
            self._answered.add(pts)
            self._release_due(now_ns)

    def receive_fragment(self, fragment: Fragment, now_ns: int) -> None:
        """Take a fragment that is ready."""
        frame = fragment.frames[-1]
        waiting = (fragment, frame.pts, now_ns)
        if fragment.key.channel is RAW:
            self._check_leap(frame.pts, now_ns)
            self._handovers_ns.add(now_ns - frame.ready_ns, now_ns)
            self.control.receive_raw(frame, now_ns)
            self._raw.append(waiting)
        else:
            self.control.receive_annotated(frame, now_ns)
            self._annotated.append(waiting)
        self._release_due(now_ns)

    def request_policy(self, policy: SyncPolicy) -> None:
        """Go on by another policy."""
        self.control.request_policy(policy)
        self._announce_deadline()

    def request_tolerance(self, tolerance_ms: float) -> None:
        """Judge, and correct, by another tolerance from now on."""
        self.meter.tolerance_ms = tolerance_ms
        self.control.request_tolerance(round(tolerance_ms * NS_PER_MS))
        self._announce_deadline()

    def request_max_playout_delay(self, max_playout_delay_ms: float) -> None:
        """Let raw wait this long at the most from now on, also what waits already."""
        self.control.request_max_delay(round(max_playout_delay_ms * NS_PER_MS))
        self._announce_deadline()

    def request_max_stale_fraction(self, max_stale_fraction: float) -> None:
        """Adapt so that no more frames than this share are stale; ``hybrid`` only."""
        self.control.max_stale_fraction = max_stale_fraction

    def request_restart(self) -> None:
        """Forget frames that wait for their other half: a channel was stopped."""
        self.meter.request_restart()
        self.control.forget_unpaired()
        self._answered.clear()

    # -- time ----------------------------------------------------------------------------

    def get_timer(self) -> int:
        """Return when the next frame, adaptation or report is due, ns."""
        return min(self._due_ns, self._next_tick_ns)

    def handle_timer(self, now_ns: int) -> None:
        """Adapt, report, release what is due."""
        if now_ns >= self._next_adapt_ns:
            self._next_adapt_ns = now_ns + ADAPT_INTERVAL_NS
            self.control.adapt(now_ns)
            self._announce_deadline()
        if now_ns >= self._next_check_ns:
            self._next_check_ns = now_ns + self._check_interval_ns
            self.meter.check(now_ns)
            self._begin_catch_up()
            self._judge_freshness(now_ns)
            self._post_report(now_ns)
        self._next_tick_ns = min(self._next_adapt_ns, self._next_check_ns)
        self._release_due(now_ns)

    # -- out -----------------------------------------------------------------------------

    def next_event(self) -> Release | Sync | BoxDeadline | None:
        """Return what is to be done next."""
        return self._events.popleft() if self._events else None

    @property
    def playout_delay_ms(self) -> float:
        """How long raw waits at the most, now."""
        return self.control.playout.hold_ns / NS_PER_MS

    @property
    def waiting(self) -> int:
        """How many fragments are held back now."""
        return len(self._raw) + len(self._annotated)

    def report(self, now_ns: int) -> Sync | None:
        """Return the ``sync`` event as of now; None while no drift has been measured."""
        status = self.meter.status(now_ns)
        fresh = self.meter.fresh_lately(now_ns)
        if status.drift_ms is None:
            return None
        return Sync(
            drift_ms=round(status.drift_ms, 3),
            is_synchronized=status.is_synchronized,
            sync_violations=status.violations,
            state=status.state,
            correction=self._correction(),
            fresh_fraction=0.0 if fresh is None else round(fresh, 4),
            playout_delay_ms=round(self.playout_delay_ms, 3),
            sync_tolerance_ms=self.meter.tolerance_ms,
        )

    # -- inside --------------------------------------------------------------------------

    def _judge_freshness(self, now_ns: int) -> None:
        share = self.meter.fresh_lately(now_ns)
        handovers_ns = self._handovers_ns.values(now_ns)
        handover_ns = nearest_rank(handovers_ns, 0.5) if handovers_ns else 0
        self.freshness = self.control.judge_freshness(share, handover_ns, now_ns)

    def _post_report(self, now_ns: int) -> None:
        report = self.report(now_ns)
        if report is not None:
            self._events.append(report)

    def _correction(self) -> Correction:
        """Return the strongest correction since the last report."""
        own, stale = self.counts.get, self.meter.counts.get("stale", 0)
        counts = (own("re-anchor", 0), own("release", 0), stale, own("hold", 0))
        before, self._reported = self._reported, counts
        if counts == before:
            return "none"
        grown = map(int.__gt__, counts, before)
        return next(kind for kind, more in zip(_CORRECTIONS, grown, strict=True) if more)

    def _announce_deadline(self) -> None:
        self._due_ns = 0  # the times of those that wait may have moved: they are looked at at once
        deadline_ns = self.control.playout.box_deadline_ns
        if deadline_ns != self._announced_ns:
            self._announced_ns = deadline_ns
            self._events.append(BoxDeadline(deadline_ns))

    def _begin_catch_up(self) -> None:
        idle = self.control.catching_up or self.control.policy is SyncPolicy.NONE
        if self.meter.state is SyncState.DEGRADED and not idle:
            self.counts["catch_up"] += 1
            self.control.request_catch_up(True)
            self._announce_deadline()

    def _end_catch_up(self) -> None:
        if self.meter.state is not SyncState.DEGRADED:
            self.control.request_catch_up(False)
            self._announce_deadline()

    def _check_leap(self, pts: int, now_ns: int) -> None:
        if self._last_raw is not None and pts > self._last_raw[0]:
            media_ns = pts_to_ns(pts - self._last_raw[0])
            if abs(media_ns - (now_ns - self._last_raw[1])) > RE_ANCHOR_NS:
                self.counts["re-anchor"] += 1
                self.control.request_restart()
                self._last_raw = None

    def _release_due(self, now_ns: int) -> None:
        raw, annotated = self._raw, self._annotated
        self._due_ns = NEVER_NS
        while raw:
            due_ns = self._raw_due_ns(raw[0])
            if due_ns > now_ns:
                self._due_ns = due_ns
                break
            self._release_raw(raw.popleft(), now_ns)
        control, released_pts = self.control, self.meter.newest_pts[RAW]
        while annotated:
            fragment, pts, ready_ns = annotated[0]
            if pts > released_pts and control.policy is not SyncPolicy.NONE:
                if raw and raw[0][1] <= pts:
                    break
                # Its raw frame is late, or will never come.
                due_ns = ready_ns + control.max_delay_ns + control.tolerance_ns
                if due_ns > now_ns:
                    self._due_ns = min(self._due_ns, due_ns)
                    break
            annotated.popleft()
            self._release(fragment, now_ns)

    def _raw_due_ns(self, waiting: _Waiting) -> int:
        """Return when a raw frame leaves as things are now; it may be in the past."""
        _, pts, ready_ns = waiting
        playout = self.control.playout
        if playout.together and pts <= self.control.ready_pts:
            return ready_ns
        due_ns = ready_ns + playout.hold_ns
        if playout.result_cost_ns is None or pts not in self._answered:
            return due_ns
        if self._last_raw is None:
            return ready_ns
        return min(due_ns, self._last_raw[2] + playout.result_cost_ns)

    def _release_raw(self, waiting: _Waiting, now_ns: int) -> None:
        fragment, pts, ready_ns = waiting
        if pts > self.meter.newest_pts[RAW]:
            if now_ns > ready_ns:
                self.counts["hold"] += 1
                on_result = self.control.playout.result_cost_ns is not None
                if pts > self.control.ready_pts and not (on_result and pts in self._answered):
                    self.counts["release"] += 1
            self.delays_ms.add((now_ns - ready_ns) / NS_PER_MS, now_ns)
            if self._last_raw is not None:
                self.intervals_ms.add((now_ns - self._last_raw[2]) / NS_PER_MS, now_ns)
            self._last_raw = (pts, ready_ns, now_ns)
            self._answered.discard(pts)
            if len(self._answered) > MAX_UNPAIRED:
                self._answered = {answered for answered in self._answered if answered > pts}
        self._release(fragment, now_ns)

    def _release(self, fragment: Fragment, now_ns: int) -> None:
        meter = self.meter
        state = meter.state
        self._events.append(Release(fragment))
        meter.receive_release(fragment, now_ns)
        if meter.state is not state:
            self._begin_catch_up()
            self._post_report(now_ns)
