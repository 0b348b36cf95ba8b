"""WebRTC's rule for lips and voice, with raw as the voice and annotated as the picture.

After ``video/stream_synchronization.cc`` and ``video/rtp_streams_synchronizer2.cc`` of WebRTC:

- once a second, the latest frame that arrived in each channel gives one sample of how much later
  the annotated channel plays, with the delays added so far; beyond 10 s it is no sample, and
  neither is a second in which nothing new came in one of the channels;
- the samples are smoothed by 4: a new one counts a quarter;
- within 30 ms nothing is done; else a delay moves by half of the difference, at most 80 ms, and
  the smoothing begins anew;
- delay that was added to the late channel is removed before delay is added to the early one.

Not modelled are the jitter buffers beneath the rule, which would delay both channels further. One
sample a second may miss what repeats each second: a burst at every keyframe is seen, and answered,
only where the two happen to coincide.
"""

from __future__ import annotations

import numpy as np

from benchmarks.baselines.arrivals import Arrivals
from streamlab.analysis import Outcome
from streamlab.analysis.trace import Column
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S

SYNC_INTERVAL_NS = NS_PER_S
FILTER_LENGTH = 4
MIN_DELTA_MS = 30.0
MAX_CHANGE_MS = 80.0
MAX_DELTA_DELAY_MS = 10_000.0


class StreamSynchronization:
    """The delays that are added to the two channels, ms."""

    def __init__(self) -> None:
        self.raw_ms = 0.0
        self.annotated_ms = 0.0
        self._average_ms = 0.0

    def receive_sample(self, behind_ms: float) -> None:
        """Take how much later than raw the annotated channel arrives, and adapt the delays."""
        if abs(behind_ms) > MAX_DELTA_DELAY_MS:
            return
        error_ms = behind_ms + self.annotated_ms - self.raw_ms
        self._average_ms += (error_ms - self._average_ms) / FILTER_LENGTH
        if abs(self._average_ms) < MIN_DELTA_MS:
            return
        step_ms = min(abs(self._average_ms) / 2, MAX_CHANGE_MS)
        if self._average_ms > 0:
            self.annotated_ms, self.raw_ms = _shift(self.annotated_ms, self.raw_ms, step_ms)
        else:
            self.raw_ms, self.annotated_ms = _shift(self.raw_ms, self.annotated_ms, step_ms)
        self._average_ms = 0.0


def _shift(late_ms: float, early_ms: float, step_ms: float) -> tuple[float, float]:
    """Return the delays of the channel that is late and of the one that is early, one step on."""
    if late_ms > 0:
        return max(0.0, late_ms - step_ms), early_ms
    return late_ms, early_ms + step_ms


def webrtc_hold(arrivals: Arrivals) -> Outcome:
    """Play both channels, each with the delay that the rule had added to it by then."""
    raw_ns, annotated_ns = arrivals.raw_ready_ns, arrivals.annotated_ready_ns
    captured_ns = arrivals.trace.captured_ns
    checks_ns = np.arange(captured_ns[0], annotated_ns[-1] + 1, SYNC_INTERVAL_NS)[1:]
    newest = [np.searchsorted(ns, checks_ns, "right") - 1 for ns in (raw_ns, annotated_ns)]
    sync, delays_ms = StreamSynchronization(), [(0.0, 0.0)]
    last_raw = last_annotated = -1
    for raw, annotated in zip(*(column.tolist() for column in newest), strict=True):
        if raw > last_raw and annotated > last_annotated:
            last_raw, last_annotated = raw, annotated
            took_ns = raw_ns[raw] - captured_ns[raw]
            behind_ns = annotated_ns[annotated] - captured_ns[annotated] - took_ns
            sync.receive_sample(float(behind_ns / NS_PER_MS))
        delays_ms.append((sync.raw_ms, sync.annotated_ms))
    raw_delays_ns, annotated_delays_ns = (np.array(delays_ms) * NS_PER_MS).astype(np.int64).T
    return arrivals.outcome(
        _play(raw_ns, checks_ns, raw_delays_ns),
        _play(annotated_ns, checks_ns, annotated_delays_ns),
    )


def _play(ready_ns: Column, checks_ns: Column, delays_ns: Column) -> Column:
    """Return when each frame leaves, by the delay in force when it was ready, in order."""
    in_force_ns = delays_ns[np.searchsorted(checks_ns, ready_ns, "right")]
    return np.maximum.accumulate(ready_ns + in_force_ns)
