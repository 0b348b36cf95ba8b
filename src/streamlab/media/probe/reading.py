"""Opens a source and reads it briefly, in a separate thread."""

from __future__ import annotations

import threading
from contextlib import closing

from av.video.frame import PictureType

from streamlab.clock import monotonic_ns
from streamlab.core.time.media_clock import MediaClock
from streamlab.core.time.timebase import NS_PER_S, TIMESCALE, ns_to_pts
from streamlab.core.time.timeline import Timeline
from streamlab.errors import StreamlabError
from streamlab.media.open_errors import no_picture
from streamlab.media.opening import open_source
from streamlab.media.passthrough import PassthroughReader
from streamlab.media.probe.picture_report import PictureReport
from streamlab.media.probe.rate_report import NO_CLAIMS, Claims, Seen
from streamlab.media.probe.report import Opened, ProbeReport
from streamlab.media.probe.streams import Kind, StreamsReport
from streamlab.media.source import OPEN_TIMEOUT_S, Source, SourceFrame
from streamlab.media.spec import SourceSpec
from streamlab.media.unexpected import deliberate

MAX_SPAN_PTS = 6 * TIMESCALE
MAX_SPAN_NS = 10 * NS_PER_S
MAX_PICTURES = 4096
GRACE_NS = NS_PER_S
"""Lets FFmpeg's own timeouts fire first: their errors say more."""


class Reading(threading.Thread):
    """Reads up to 6 s of video, for up to 10 s once the source is open.

    It runs in a separate thread, since FFmpeg cannot be interrupted while it waits for a source.
    Call ``wait`` until it returns True, then ``report`` for what has been read so far. The thread
    may still be running then, so exit without finalizing the interpreter.
    """

    def __init__(self, spec: SourceSpec, open_timeout_s: float = OPEN_TIMEOUT_S) -> None:
        super().__init__(name="probe", daemon=True)
        self._spec = spec
        self._open_timeout_s = open_timeout_s
        self._started_ns = self._opened_ns = monotonic_ns()
        self._opened: Opened | None = None
        self._seen: list[Seen] = []
        self._own: PassthroughReader | None = None
        self._error: StreamlabError | None = None
        self._is_complete = False
        self._is_done = threading.Event()

    def run(self) -> None:
        """Read until enough is known, or the source fails or ends."""
        try:
            with closing(open_source(self._spec, self._open_timeout_s)) as source:
                self._is_complete = self._read(source)
        except Exception as error:  # noqa: BLE001 - the thread's boundary; raised by report()
            self._error = deliberate(error, self._spec)
        finally:
            self._is_done.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait at most ``timeout_s``; return True if ``report`` can be called."""
        return self._is_done.wait(timeout_s) or monotonic_ns() > self._deadline_ns

    @property
    def progress(self) -> str:
        """What the thread is doing, for display."""
        began_ns = self._started_ns if self._opened is None else self._opened_ns
        elapsed_s = (monotonic_ns() - began_ns) / NS_PER_S
        if self._opened is None:
            return f"Opening {self._spec.display}, {elapsed_s:.0f} s"
        return f"Reading {self._spec.display}, {elapsed_s:.0f} s, {len(self._seen)} pictures"

    def report(self) -> ProbeReport:
        """Return what is known so far.

        Raises SourceError if there was no frame.
        """
        opened, seen, error = self._opened, list(self._seen), self._error
        if opened is None:
            raise error or no_picture(self._spec, self._open_timeout_s)
        return ProbeReport.of(
            self._spec,
            opened,
            seen,
            objection=self._own.judge.detail if self._own else "",
            is_complete=self._is_complete,
            failure=str(error or ""),
        )

    @property
    def _deadline_ns(self) -> int:
        if self._opened is None:
            return self._started_ns + int(self._open_timeout_s * NS_PER_S) + GRACE_NS
        return self._opened_ns + MAX_SPAN_NS

    def _read(self, source: Source) -> bool:
        """Read until enough is known; return True if the source was read to its end."""
        self._own = own = PassthroughReader(source)
        nominal_duration = round(TIMESCALE / source.info.fps)
        clock, timeline = MediaClock(nominal_duration), Timeline(nominal_duration)
        for item in source.frames():
            if item.restart:
                break
            now_ns = monotonic_ns()
            if self._opened is None:
                self._opened_ns = now_ns
                self._opened = _describe(source, item, self._spec)
            if self._opened.by_arrival:
                pts = clock.receive_frame(item.stamp, now_ns)
            else:
                pts = timeline.receive_frame(item.stamp)
            own.receive_frame(item, pts)
            self._receive(item, source, now_ns)
            if self._is_enough(pts, now_ns - self._opened_ns):
                return False
        return True

    def _is_enough(self, pts: int, elapsed_ns: int) -> bool:
        assert self._opened is not None
        # Frames that a live source had buffered are read at once, and must not count.
        span_pts = ns_to_pts(elapsed_ns) if self._opened.by_arrival else pts
        is_late = elapsed_ns > MAX_SPAN_NS
        return is_late or span_pts > MAX_SPAN_PTS or len(self._seen) >= MAX_PICTURES

    def _receive(self, item: SourceFrame, source: Source, now_ns: int) -> None:
        decoded = item.decoded
        is_b = decoded is not None and decoded.pict_type == PictureType.B
        is_counted = decoded is not None and decoded.pts is None and decoded.dts is None
        self._seen.append(
            Seen(
                None if is_counted else item.stamp,
                now_ns,
                item.keyframe,
                size_px=(item.frame.width, item.frame.height),
                is_b=is_b and source.reorders,
                interlaced=decoded is not None and decoded.interlaced_frame,
            )
        )


def _describe(source: Source, first: SourceFrame, spec: SourceSpec) -> Opened:
    streams = StreamsReport.of(source, spec)
    return Opened(
        streams=streams,
        picture=PictureReport.of(source, first),
        claims=NO_CLAIMS if streams.kind is Kind.SNAPSHOT else Claims.of(source),
        by_arrival=source.info.live and not source.info.pulled,
    )
