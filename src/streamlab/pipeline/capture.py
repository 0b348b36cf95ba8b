"""The one reader of a camera: opens, reopens, paces, and stamps every frame once."""

from __future__ import annotations

import logging
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import closing

from tenacity import Retrying, retry_if_exception_type, stop_when_event_set, wait_exponential_jitter
from tenacity.nap import sleep_using_event

from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import SourceState
from streamlab.core.faults import NO_FAULTS
from streamlab.core.keyframes import KeyframeClock
from streamlab.core.media_clock import MediaClock
from streamlab.core.passthrough import PassthroughJudge
from streamlab.core.timebase import NS_PER_S, TIMESCALE, frame_number, frame_pts, pts_to_ns
from streamlab.core.timeline import Pacer, Timeline
from streamlab.errors import SourceError, StreamlabError
from streamlab.media.encode import EncoderInput
from streamlab.media.faults import SourceFaults
from streamlab.media.passthrough import PassthroughReader
from streamlab.media.picture import Picture
from streamlab.media.source import Source, SourceFrame, SourceInfo, open_source
from streamlab.media.spec import SourceSpec
from streamlab.pipeline.frame import CapturedFrame

log = logging.getLogger(__name__)
MAX_LATE_NS = NS_PER_S
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.5, 10.0
SHORT_SESSION_NS = 10 * NS_PER_S

SourceNews = Callable[[SourceState, str], None]


class Capture(threading.Thread):
    """Reads a source until stopped; hands every frame to ``deliver``, which may refuse it."""

    def __init__(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: Source,
        clock: KeyframeClock,
        deliver: Callable[[CapturedFrame], bool],
        news: SourceNews,
    ) -> None:
        super().__init__(name=f"capture-{camera_id}", daemon=True)
        self.info = source.info
        self.last_frame_ns = monotonic_ns()
        self.counts: Counter[str] = Counter()
        self.judge = PassthroughJudge("")
        self.faults = SourceFaults()
        self.hold_up: Callable[[], None] | None = None
        """Called before a frame is captured, while a fault freezes the camera."""
        self._spec = spec
        self._source: Source | None = source
        self._clock = clock
        self._deliver = deliver
        self._news = news
        self._stopping = threading.Event()
        nominal_duration = round(TIMESCALE / source.info.fps)
        self._timeline = Timeline(nominal_duration)
        self._media_clock = MediaClock(nominal_duration, held=source.info.pulled)
        self._pacer = Pacer()
        self._kind: EncoderInput | None = None
        self._short_sessions = 0
        self._own: PassthroughReader | None = None

    def stop(self) -> None:
        """End at the next frame; returns at once."""
        self._stopping.set()
        self.faults.inject(NO_FAULTS)

    def run(self) -> None:
        """Read until stopped or the source has ended for good."""
        try:
            while not self._stopping.is_set() and self._session():
                pass
        except Exception as error:  # noqa: BLE001 - the thread's boundary
            what = self._spec.scrub(f"{type(error).__name__}: {error}")
            log.error("%s stopped\n%s", self.name, self._spec.scrub(traceback.format_exc()))
            self._news(SourceState.ENDED, what)

    def _session(self) -> bool:
        """Read one opening of the source; return whether to open it again."""
        source = self._source or self._reopen()
        self._source = None
        if source is None:
            return False
        opened_ns = monotonic_ns()
        try:
            with closing(source):
                self._begin(source)
                for item in source.frames():
                    self.faults.hold_up()
                    if self.hold_up is not None:
                        self.hold_up()
                    if self._stopping.is_set():
                        return False
                    self._receive(item, source.info)
        except SourceError as error:
            short = monotonic_ns() - opened_ns < SHORT_SESSION_NS
            self._short_sessions = self._short_sessions + 1 if short else 0
            log.warning("%s: %s", self.name, error)
            self._news(SourceState.RECONNECTING, str(error))
            return True
        self._news(SourceState.ENDED, "the source has ended")
        return False

    def _reopen(self) -> Source | None:
        attempts = Retrying(
            retry=retry_if_exception_type(SourceError),
            wait=wait_exponential_jitter(BACKOFF_FIRST_S, BACKOFF_MAX_S, jitter=0.5),
            stop=stop_when_event_set(self._stopping),
            sleep=sleep_using_event(self._stopping),
            before_sleep=lambda state: self._news(
                SourceState.RECONNECTING, str(state.outcome and state.outcome.exception())
            ),
            reraise=True,
        )
        # A source that opens and fails at once is not to be opened twice a second for ever.
        self._stopping.wait(min(BACKOFF_FIRST_S * 2**self._short_sessions, BACKOFF_MAX_S))
        try:
            return attempts(open_source, self._spec)
        except StreamlabError:
            return None  # stopped while waiting

    def _begin(self, source: Source) -> None:
        self.info = source.info
        self.counts["openings"] += 1
        self._timeline.request_restart()
        self._media_clock.request_restart()
        self._clock.request_keyframe()
        self._own = PassthroughReader(source)
        self.judge = self._own.judge
        self._news(SourceState.LIVE, "")

    def _receive(self, item: SourceFrame, info: SourceInfo) -> None:
        if item.restart:
            self._timeline.request_restart()
        pts, late_ns = self._time_live(item, info) if info.live else self._time_file(item)
        now_ns = monotonic_ns()
        self.last_frame_ns = now_ns
        self.counts["captured"] += 1
        kind = EncoderInput.of(item.frame)
        if kind != self._kind:
            self._kind = kind
            self._clock.request_keyframe()
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
        if self.faults.lose() or late_ns > MAX_LATE_NS or not self._deliver(captured):
            self.counts["dropped_at_source"] += 1
            self.judge.receive_frame(pts, keyframe=False, intact=False)
            if key:
                self._clock.request_keyframe()

    def _time_live(self, item: SourceFrame, info: SourceInfo) -> tuple[int, int]:
        stamp = item.stamp
        if stamp is not None:
            stamp += self.faults.gain(stamp)
        pts = self._media_clock.receive_frame(stamp, monotonic_ns())
        if info.pulled and self._wait_until(self._media_clock.due_ns(pts)) < 0:
            self.counts["held"] += 1
        return pts, 0

    def _time_file(self, item: SourceFrame) -> tuple[int, int]:
        pts = self._timeline.receive_frame(item.stamp)
        due_ns = self._pacer.due_ns(pts, monotonic_ns())
        return pts, self._wait_until(due_ns - pts_to_ns(self.faults.gain(pts)))

    def _wait_until(self, due_ns: int) -> int:
        """Wait until the frame is due; return by how much it came late, ns; < 0: early."""
        late_ns = monotonic_ns() - due_ns
        while (left_ns := due_ns - monotonic_ns()) > 0 and not self._stopping.is_set():
            self._stopping.wait(left_ns / NS_PER_S)
        return late_ns

    def _duration(self, item: SourceFrame, pts: int, info: SourceInfo) -> int:
        if item.duration and not info.live:
            return item.duration
        number, nominal = frame_number(pts, info.fps), round(TIMESCALE / info.fps)
        interval = self._media_clock.interval if info.live else nominal
        if abs(interval - nominal) > nominal // 10:  # not the rate that it claims
            return interval
        if frame_pts(number, info.fps) == pts:  # a constant rate: exact, without rounding drift
            return frame_pts(number + 1, info.fps) - pts
        return interval
