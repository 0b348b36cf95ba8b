"""Captures the frames of a camera: stamps each one once, and reopens a source that hangs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from streamlab.camera.frame import CapturedFrame, SourceChanged
from streamlab.camera.native_code import UNNOTED, NativeCode
from streamlab.camera.reader import BACKOFF_FIRST_S, BACKOFF_MAX_S, SourceReader
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import SourceState
from streamlab.core.h264.passthrough import PassthroughJudge
from streamlab.core.time.keyframes import KeyframeClock
from streamlab.core.time.media_clock import MediaClock
from streamlab.core.time.stall import StallDetector
from streamlab.core.time.timebase import NS_PER_S, frame_number, frame_pts, pts_to_ns
from streamlab.core.time.timeline import Pacer, Timeline
from streamlab.media.encode import EncoderInput
from streamlab.media.open_errors import no_picture
from streamlab.media.passthrough import PassthroughReader
from streamlab.media.picture import Picture
from streamlab.media.source import OPEN_TIMEOUT_S, Source, SourceFrame, SourceInfo
from streamlab.media.spec import SourceKind, SourceSpec

MAX_LATE_NS = NS_PER_S
STALL_AFTER_NS = 2 * NS_PER_S
CONFIRM_NS = NS_PER_S
OVERDUE_NS = NS_PER_S  # on top of open_timeout, so that FFmpeg's own error comes first
MAX_ABANDONED = 3
ABANDONED_DELAY_S = 60.0
UNKNOWN = SourceInfo(codec="", width=0, height=0, fps=Fraction(25), live=True)
_READ_BY_ONE = (SourceKind.WEBCAM, SourceKind.UDP)  # no other gets the device or the port
# Nor are those whose reads end by themselves.
_NEVER_ABANDONED = (SourceKind.FILE, SourceKind.SYNTHETIC, *_READ_BY_ONE)


class Capture:
    """Passes every frame of a source to ``deliver``, which may refuse it.

    A thread reads the source. A reader that is stuck in FFmpeg cannot be interrupted: it is
    abandoned, and another one opens the source again.
    """

    def __init__(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: Source | None,
        clock: KeyframeClock,
        deliver: Callable[[CapturedFrame], bool],
        news: Callable[[SourceChanged], None],
        *,
        opened: Callable[[SourceInfo], None] = lambda _: None,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        stall_after_ns: int = STALL_AFTER_NS,
        native: NativeCode = UNNOTED,
    ) -> None:
        """Prepare the capture; ``start`` starts it.

        Args:
            source: a source that is already open; None: it is opened from ``spec``.
            news: called with each change of the source's state.
            opened: called with the ``SourceInfo`` of each opening.
        """
        self.info = UNKNOWN if source is None else source.info
        self.last_frame_ns = monotonic_ns()
        self.counts: Counter[str] = Counter()
        self.judge = PassthroughJudge("")
        # Replaced while faults are injected.
        self.receive: Callable[[SourceFrame, SourceInfo], None] = self._receive
        self.deliver = deliver
        self.is_held_up = False
        """True while an injected fault holds a frame up: the reader is not stuck."""
        self._name = f"capture-{camera_id}"
        self._native = native.section("source")
        self._spec = spec
        self._clock = clock
        self._news = news
        self._opened = opened
        self._open_timeout_s = open_timeout_s
        self._stall_after_ns = stall_after_ns
        self._stall = StallDetector(stall_after_ns)
        nominal_duration = frame_pts(1, self.info.fps)
        self._timeline = Timeline(nominal_duration, spec.first_pts)
        self._media_clock = MediaClock(nominal_duration, first_pts=spec.first_pts)
        self._pacer = Pacer()
        self._due_ns = 0
        self._is_delivering = False
        self._stalled_since_ns: int | None = None
        self._kind: EncoderInput | None = None
        self._own: PassthroughReader | None = None
        self._capturing = threading.Lock()  # an abandoned reader may still be in here
        self._abandoned: list[SourceReader] = []
        self._reader = self._new_reader(source, 0.0)
        self._stopping = self._reader.stopping

    def start(self) -> None:
        """Start reading."""
        self._reader.start()

    def stop(self) -> None:
        """Stop at the next frame. Returns at once."""
        self._reader.stop()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the current reader to end; abandoned readers are not waited for."""
        if self._reader.is_alive():
            self._reader.join(timeout_s)

    def check(self, now_ns: int) -> SourceChanged | None:
        """Return the source's state as elapsed time shows it; None while it is not open.

        Abandons a reader that has waited too long, and opens the source again.
        """
        reader = self._reader
        if reader.opening_since_ns is not None:
            return self._check_opening(now_ns - reader.opening_since_ns)
        if reader.open_source is None:
            return None
        return self._check_pause(now_ns)

    def _check_opening(self, elapsed_ns: int) -> SourceChanged | None:
        overdue_ns = round(self._open_timeout_s * NS_PER_S) + OVERDUE_NS
        if elapsed_ns <= overdue_ns or not self._may_abandon:
            return None
        return self._abandon(str(no_picture(self._spec, self._open_timeout_s)))

    def _check_pause(self, now_ns: int) -> SourceChanged:
        quiet_ns = now_ns - max(self.last_frame_ns, self._due_ns)
        normal_ns = self._stall.normal_pause_ns if self.info.live else self._stall_after_ns
        if quiet_ns <= normal_ns or self._is_delivering:
            self._stalled_since_ns = None
            return SourceChanged(SourceState.LIVE, "")
        if self._stalled_since_ns is None:
            self._stalled_since_ns = now_ns
        detail = f"no picture for {quiet_ns / NS_PER_S:.0f} s"
        # Confirm it first: this process itself may have been suspended.
        has_waited = now_ns - self._stalled_since_ns >= CONFIRM_NS and not self.is_held_up
        is_lost = quiet_ns > self._stall.lost_after_ns and has_waited
        if is_lost and self._may_abandon:
            return self._abandon(detail)
        if is_lost and self._spec.kind in _READ_BY_ONE:  # packets that are no pictures may arrive
            self._reader.give_up(detail)
        return SourceChanged(SourceState.STALLED, detail)

    # -- called by readers ----------------------------------------------------------------

    def receive_opening(self, source: Source, reader: SourceReader) -> None:
        """Start on a source that was opened. Ignores abandoned readers."""
        with self._capturing:
            if reader is self._reader:
                self._begin(source, reader)

    def receive_frame(self, item: SourceFrame, info: SourceInfo, reader: SourceReader) -> None:
        """Stamp and deliver the next picture. Ignores abandoned and stopped readers."""
        with self._capturing:
            if reader is self._reader and not reader.stopping.is_set():
                self.receive(item, info)

    def request_shift(self, ticks: int) -> None:
        """Move later pts ahead of this machine's clock by ``ticks``. Call it within ``receive``."""
        self._media_clock.request_shift(ticks)
        self._pacer.request_shift(pts_to_ns(ticks))

    def receive_loss(self, detail: str, retry_at: float | None) -> None:
        """Report why the source is not open; ``retry_at``: the next attempt, Unix seconds."""
        self._news(SourceChanged(self._lost_state, detail, retry_at))

    def receive_unexpected(self) -> None:
        """Count an error that the source should not have raised."""
        self.counts["unexpected_source_errors"] += 1

    def receive_end(self, state: SourceState, detail: str) -> None:
        """Report that the source will not be opened again."""
        self._news(SourceChanged(state, detail))

    # -- inside --------------------------------------------------------------------------

    @property
    def _lost_state(self) -> SourceState:
        has_been_open = self.counts["openings"] > 0
        return SourceState.RECONNECTING if has_been_open else SourceState.CONNECTING

    @property
    def _may_abandon(self) -> bool:
        return self._spec.kind not in _NEVER_ABANDONED and not self._reader.stopping.is_set()

    def _new_reader(self, source: Source | None, delay_s: float) -> SourceReader:
        return SourceReader(
            self._name, self._spec, source, self, self._native, self._open_timeout_s, delay_s
        )

    def _abandon(self, detail: str) -> SourceChanged:
        self.counts["readers_abandoned"] += 1
        self._reader.stop()
        self._stall.receive_loss()
        self._abandoned = [each for each in (*self._abandoned, self._reader) if each.is_alive()]
        delay_s = min(BACKOFF_FIRST_S * 2 ** len(self._abandoned), BACKOFF_MAX_S)
        if len(self._abandoned) > MAX_ABANDONED:
            delay_s = ABANDONED_DELAY_S
        self._reader = self._new_reader(None, delay_s)
        self._reader.start()
        return SourceChanged(self._lost_state, detail, wall_s() + delay_s)

    def _begin(self, source: Source, reader: SourceReader) -> None:
        info = self.info = source.info
        self._stopping = reader.stopping
        self.counts["openings"] += 1
        nominal_duration = frame_pts(1, info.fps)
        self._timeline.request_restart(nominal_duration)
        self._media_clock.request_restart(nominal_duration, held=info.pulled)
        self._clock.request_keyframe()
        self._own = PassthroughReader(source)
        self.judge = self._own.judge
        self._opened(info)
        self.last_frame_ns = monotonic_ns()
        self._stall.receive_opening(self.last_frame_ns, round(NS_PER_S / info.fps))
        self._news(SourceChanged(SourceState.LIVE, ""))

    def _receive(self, item: SourceFrame, info: SourceInfo) -> None:
        if item.restart:
            self._timeline.request_restart()
        pts, late_ns = self._time_live(item, info) if info.live else self._time_file(item)
        now_ns = monotonic_ns()
        self.last_frame_ns = now_ns
        self._stall.receive_frame(now_ns)
        self.counts["captured"] += 1
        self._look_at_kind(item)
        assert self._own is not None
        passthrough = self._own.receive_frame(item, pts)
        if self._clock.follow_source and passthrough is None:
            self._clock.request_keyframe()  # so that transcoding takes over at once
        self._clock.follow_source = passthrough is not None
        key = self._clock.receive_frame(
            pts, source_keyframe=passthrough is not None and passthrough.keyframe
        )
        captured = CapturedFrame(
            picture=Picture(item.frame, pts),
            duration=self._duration(item, pts, info),
            keyframe=key,
            captured_ns=now_ns,
            captured_at=wall_s(),
            passthrough=passthrough,
        )
        if late_ns > MAX_LATE_NS or not self._hand_on(captured):
            self.counts["dropped_at_source"] += 1
            self.judge.receive_frame(pts, keyframe=False, intact=False)
            if key:
                self._clock.request_keyframe()

    def _hand_on(self, captured: CapturedFrame) -> bool:
        self._is_delivering = True
        try:
            return self.deliver(captured)
        finally:
            self._is_delivering = False

    def _look_at_kind(self, item: SourceFrame) -> None:
        kind = EncoderInput.of(item.frame)
        if kind == self._kind:
            return
        self._kind = kind
        self.info = replace(self.info, width=item.frame.width, height=item.frame.height)
        self._clock.request_keyframe()

    def _time_live(self, item: SourceFrame, info: SourceInfo) -> tuple[int, int]:
        pts = self._media_clock.receive_frame(item.stamp, monotonic_ns())
        if info.pulled and self._wait_until(self._media_clock.due_ns(pts)) < 0:
            self.counts["held"] += 1
        return pts, 0

    def _time_file(self, item: SourceFrame) -> tuple[int, int]:
        pts = self._timeline.receive_frame(item.stamp)
        due_ns = self._pacer.due_ns(pts, monotonic_ns())
        return pts, self._wait_until(due_ns)

    def _wait_until(self, due_ns: int) -> int:
        """Wait until the frame is due; return how late it came, ns (negative: early)."""
        self._due_ns = due_ns
        late_ns = monotonic_ns() - due_ns
        while (left_ns := due_ns - monotonic_ns()) > 0 and not self._stopping.is_set():
            self._stopping.wait(left_ns / NS_PER_S)
        return late_ns

    def _duration(self, item: SourceFrame, pts: int, info: SourceInfo) -> int:
        if item.duration and not info.live:
            return item.duration
        number, nominal = frame_number(pts, info.fps), frame_pts(1, info.fps)
        interval = self._media_clock.interval if info.live else nominal
        if abs(interval - nominal) > nominal // 10:  # not the rate that the source claims
            return interval
        if frame_pts(number, info.fps) == pts:  # a constant rate: exact, without rounding drift
            return frame_pts(number + 1, info.fps) - pts
        return interval
