"""Releases the two channels of a camera together.

Rules:

- each channel leaves in order, and no frame before it is ready;
- raw waits for its annotated frame at most as long as the policy says (``core.playout``), and
  never longer than ``max_playout_delay_ms``; while the stream is degraded it does not wait;
- an annotated frame never leaves before its raw one, unless that one never comes;
- a leap of media time against real time by more than ``RE_ANCHOR_NS`` forgets what was learnt.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from streamlab.core.channels import ChannelType, SyncState
from streamlab.core.drift import MAX_UNPAIRED, WINDOW_FRAMES, WINDOW_S, DriftMeter
from streamlab.core.events import Correction, Sync
from streamlab.core.fragment import Fragment
from streamlab.core.playout import NS_PER_MS, PlayoutControl, SyncPolicy
from streamlab.core.stats import Window
from streamlab.core.timebase import pts_to_ns

ADAPT_INTERVAL_NS = 500 * NS_PER_MS
RE_ANCHOR_NS = 2_000 * NS_PER_MS  # OBS re-anchors on the same span


@dataclass(frozen=True, slots=True)
class Release:
    """This fragment leaves now."""

    fragment: Fragment


@dataclass(frozen=True, slots=True)
class BoxDeadline:
    """From now on a frame is drawn with older boxes this long after it was captured."""

    deadline_ns: int


@dataclass(slots=True)
class _Waiting:
    """A fragment that is ready, and when it leaves at the latest."""

    fragment: Fragment
    last_pts: int
    ready_ns: int
    due_ns: int


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
        self._check_interval_ns = check_interval_ns
        self._next_check_ns = now_ns + check_interval_ns
        self._next_adapt_ns = now_ns + ADAPT_INTERVAL_NS
        self._waiting: dict[ChannelType, deque[_Waiting]] = {c: deque() for c in ChannelType}
        self._ready_pts = -1  # newest annotated frame that is ready
        self._ready_ns: dict[int, int] = {}  # raw frames whose annotated one is not ready yet
        self._answered: set[int] = set()  # frames whose raw has not left, but detections came
        self._last_raw: tuple[int, int, int] | None = None  # pts, ready, released
        self._reported: Counter[str] = Counter()
        self._events: deque[Release | Sync | BoxDeadline] = deque()
        self._announce_deadline()

    # -- in ------------------------------------------------------------------------------

    def receive_lag(self, pts: int, lag_ns: int | None, now_ns: int) -> None:
        """Take how long after its capture a frame's detections came; None when they will not."""
        self.control.receive_lag(lag_ns)
        if lag_ns is not None and pts > self.meter.newest_pts[ChannelType.RAW]:
            self._answered.add(pts)
            self._release_due(now_ns)

    def receive_fragment(self, fragment: Fragment, now_ns: int) -> None:
        """Take a fragment that is ready."""
        channel, last = fragment.key.channel, fragment.frames[-1]
        waiting = _Waiting(fragment, last.pts, now_ns, now_ns)
        if channel is ChannelType.RAW:
            self._check_leap(last.pts, now_ns)
            self.control.receive_raw(now_ns - last.captured_ns)
            waiting.due_ns += self.hold_ns
            if last.pts > self._ready_pts:
                self._ready_ns.setdefault(last.pts, now_ns)
                if len(self._ready_ns) > MAX_UNPAIRED:
                    del self._ready_ns[next(iter(self._ready_ns))]
        else:
            # Only if its raw frame never comes, which may itself be held that long.
            waiting.due_ns += self.control.max_delay_ns + self.control.tolerance_ns
            if last.pts > self._ready_pts:
                self._ready_pts = last.pts
                self._learn(fragment, now_ns)
        self._waiting[channel].append(waiting)
        self._release_due(now_ns)

    def request_policy(self, policy: SyncPolicy) -> None:
        """Go on by another policy; frames that wait keep their times."""
        self.control.request_policy(policy)
        self._announce_deadline()

    def request_tolerance(self, tolerance_ms: float) -> None:
        """Judge, and correct, by another tolerance from now on."""
        self.meter.tolerance_ms = tolerance_ms
        self.control.request_tolerance(round(tolerance_ms * NS_PER_MS))

    def request_restart(self) -> None:
        """Forget frames that wait for their other half: a channel was stopped."""
        self.meter.request_restart()
        self._ready_ns.clear()
        self._answered.clear()

    # -- time ----------------------------------------------------------------------------

    def get_timer(self) -> int | None:
        """Return when the next frame, adaptation or report is due, ns."""
        due = [line[0].due_ns for line in self._waiting.values() if line]
        return min(self._next_check_ns, self._next_adapt_ns, *due)

    def handle_timer(self, now_ns: int) -> None:
        """Release what is due, adapt, report."""
        self._release_due(now_ns)
        if now_ns >= self._next_adapt_ns:
            self._next_adapt_ns = now_ns + ADAPT_INTERVAL_NS
            before = self.control.playout.box_deadline_ns
            self.control.adapt()
            if self.control.playout.box_deadline_ns != before:
                self._announce_deadline()
        if now_ns >= self._next_check_ns:
            self._next_check_ns = now_ns + self._check_interval_ns
            self.meter.check(now_ns)
            self._events.append(self.report(now_ns))

    # -- out -----------------------------------------------------------------------------

    def next_event(self) -> Release | Sync | BoxDeadline | None:
        """Return what is to be done next."""
        return self._events.popleft() if self._events else None

    @property
    def hold_ns(self) -> int:
        """How long raw waits at the most, now."""
        return 0 if self.meter.state is SyncState.DEGRADED else self.control.playout.hold_ns

    @property
    def playout_delay_ms(self) -> float:
        """How long raw waits at the most, now."""
        return self.hold_ns / NS_PER_MS

    @property
    def waiting(self) -> int:
        """How many fragments are held back now."""
        return sum(len(line) for line in self._waiting.values())

    def report(self, now_ns: int) -> Sync:
        """Return the ``sync`` event as of now."""
        status = self.meter.status(now_ns)
        fresh = self.meter.fresh_fraction(now_ns, span_s=10.0)
        return Sync(
            drift_ms=None if status.drift_ms is None else round(status.drift_ms, 3),
            is_synchronized=status.is_synchronized,
            sync_violations=status.violations,
            state=status.state,
            correction=self._correction(),
            fresh_fraction=None if fresh is None else round(fresh, 4),
            playout_delay_ms=round(self.playout_delay_ms, 3),
            sync_tolerance_ms=self.meter.tolerance_ms,
        )

    # -- inside --------------------------------------------------------------------------

    def _correction(self) -> Correction:
        """Return the strongest correction since the last report."""
        counts = self.counts + self.meter.counts
        since, self._reported = counts - self._reported, counts
        kinds: tuple[Correction, ...] = ("re-anchor", "release", "stale", "hold")
        return next((kind for kind in kinds if since[kind]), "none")

    def _announce_deadline(self) -> None:
        self._events.append(BoxDeadline(self.control.playout.box_deadline_ns))

    def _check_leap(self, pts: int, now_ns: int) -> None:
        if self._last_raw is not None and pts > self._last_raw[0]:
            media_ns = pts_to_ns(pts - self._last_raw[0])
            if abs(media_ns - (now_ns - self._last_raw[1])) > RE_ANCHOR_NS:
                self.counts["re-anchor"] += 1
                self.control.request_restart()
                self._last_raw = None

    def _learn(self, fragment: Fragment, now_ns: int) -> None:
        frame = fragment.frames[-1]
        raw_ready_ns = self._ready_ns.pop(frame.pts, None)
        decided_ns = frame.boxes.decided_ns if frame.boxes else None
        if raw_ready_ns is not None and decided_ns is not None:
            self.control.receive_annotated(now_ns - raw_ready_ns, now_ns - decided_ns)
        while self._ready_ns and next(iter(self._ready_ns)) <= frame.pts:
            del self._ready_ns[next(iter(self._ready_ns))]

    def _release_due(self, now_ns: int) -> None:
        playout = self.control.playout
        raw, annotated = self._waiting[ChannelType.RAW], self._waiting[ChannelType.ANNOTATED]
        while raw:
            pts = raw[0].last_pts
            paired = (playout.together and pts <= self._ready_pts) or (
                playout.on_result and pts in self._answered
            )
            if not paired and raw[0].due_ns > now_ns:
                break
            waiting = raw.popleft()
            self._release_raw(waiting, now_ns, paired)
        released_pts = self.meter.newest_pts[ChannelType.RAW]
        free = self.control.policy is SyncPolicy.NONE
        while annotated and (
            free or annotated[0].last_pts <= released_pts or annotated[0].due_ns <= now_ns
        ):
            self._release(annotated.popleft().fragment, now_ns)

    def _release_raw(self, waiting: _Waiting, now_ns: int, paired: bool) -> None:
        if waiting.last_pts > self.meter.newest_pts[ChannelType.RAW]:
            delay_ns = now_ns - waiting.ready_ns
            self.delays_ms.add(delay_ns / NS_PER_MS, now_ns)
            if delay_ns:
                self.counts["hold"] += 1
            if delay_ns and not paired and waiting.last_pts > self._ready_pts:
                self.counts["release"] += 1
            if self._last_raw is not None:
                self.intervals_ms.add((now_ns - self._last_raw[2]) / NS_PER_MS, now_ns)
            self._last_raw = (waiting.last_pts, waiting.ready_ns, now_ns)
            self._answered = {pts for pts in self._answered if pts > waiting.last_pts}
        self._release(waiting.fragment, now_ns)

    def _release(self, fragment: Fragment, now_ns: int) -> None:
        state = self.meter.state
        self._events.append(Release(fragment))
        self.meter.receive_release(fragment, now_ns)
        if self.meter.state is not state:
            self._events.append(self.report(now_ns))
