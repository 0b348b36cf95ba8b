"""What one look at the synchronisation of a stream costs, and of a thousand streams.

Every stream has a viewer of both channels and has released enough frames, on a virtual clock, for
its windows to be full (their longest, that of the figures, holds five minutes: `--seconds 300`).
Then a second of video goes by between checks. What is timed, in CPU time, is all that falls due at
a check: releases, judging the drift, and the `sync` event, encoded and queued to the viewer.

    python -m benchmarks.sync_check [--streams 1000] [--seconds 40] [--checks 20]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import track
from rich.table import Table

from streamlab.core.channels import ChannelKey, ChannelType, QualityLevel, View
from streamlab.core.events import Sync
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment
from streamlab.core.stats import quantiles
from streamlab.core.stream.connection import Connection
from streamlab.core.stream.dual_channel import DualChannelStream
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.events import Release
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_MS, NS_PER_S, TIMESCALE

FPS = 30
FRAME = TIMESCALE // FPS
RAW_COST_NS, COST_NS = 2 * NS_PER_MS, 3 * NS_PER_MS
LAG_MS = (8.0, 26.0)
QUALITIES: dict[str, QualityLevel] = dict.fromkeys(ChannelType, QualityLevel.MEDIUM)
TARGET_US, TARGET_ALL_MS = 20.0, 20.0


class Stream:
    """A stream, and the video that goes through it."""

    def __init__(self, number: int, lag_ms: tuple[float, float] = LAG_MS) -> None:
        self.controller = SyncController(
            policy=SyncPolicy.HYBRID,
            tolerance_ms=50.0,
            check_interval_ns=NS_PER_S,
            max_violations=10,
            now_ns=0,
        )
        self.core = DualChannelStream(f"stream-{number}", max_fragments=4 * FPS, linger_ns=NS_PER_S)
        self.core.receive_connection(Connection("viewer", View.BOTH.channels, QUALITIES), 0)
        self.seconds = 0
        self.lag_ms = lag_ms
        self._random = random.Random(number)

    def go_on(self) -> None:
        """Let a second of video go by."""
        for number in self.next_frames:
            self.receive_frame(number)
        self.end_second()

    @property
    def next_frames(self) -> range:
        """The frames of the next second."""
        return range(self.seconds * FPS, (self.seconds + 1) * FPS)

    def end_second(self) -> None:
        """Go on to the next second, when all frames of this one are there."""
        self.seconds += 1
        self._drain()

    def check_ns(self) -> int:
        """Do the check that is due now; return what it took, ns."""
        started_ns = time.thread_time_ns()
        self._handle_timer(self.seconds * NS_PER_S)
        took_ns = time.thread_time_ns() - started_ns
        self._drain()
        return took_ns

    def receive_frame(self, number: int) -> None:
        """Receive all there is of a frame: raw, what its detector took, annotated."""
        captured_ns = number * NS_PER_S // FPS
        lag_ns = round(self._random.uniform(*self.lag_ms) * NS_PER_MS)
        decided_ns = captured_ns + lag_ns
        boxes = Boxes(number * FRAME, [], decided_ns)
        self._receive(ChannelType.RAW, number, captured_ns, captured_ns + RAW_COST_NS, None)
        self.controller.receive_lag("annotated", number * FRAME, lag_ns, decided_ns)
        self._release(decided_ns)
        self._receive(ChannelType.ANNOTATED, number, captured_ns, decided_ns + COST_NS, boxes)

    def _receive(
        self,
        channel: ChannelType,
        number: int,
        captured_ns: int,
        ready_ns: int,
        boxes: Boxes | None,
    ) -> None:
        if self.controller.get_timer() <= ready_ns:
            self._handle_timer(ready_ns)
        keyframe, pts = number % FPS == 0, number * FRAME
        frame = EncodedFrame(pts, FRAME, keyframe, 0, captured_ns, 0.0, ready_ns, boxes)
        key = ChannelKey(channel, QUALITIES[channel])
        self.controller.receive_fragment(Fragment(key, number, "", (frame,), b""), ready_ns)
        self._release(ready_ns)

    def _handle_timer(self, now_ns: int) -> None:
        self.controller.handle_timer(now_ns)
        self._release(now_ns)

    def _release(self, now_ns: int) -> None:
        released = []
        while (event := self.controller.next_event()) is not None:
            if isinstance(event, Release):
                released.append(event.fragment)
            elif isinstance(event, Sync):
                self.core.post(event)
        if released:
            self.core.receive_release(released, now_ns, 0.0)

    def _drain(self) -> None:
        while self.core.next_event() is not None:
            pass


def rounds_us(streams: Sequence[Stream], checks: int) -> list[list[float]]:
    """Return what each stream's check took, us, round by round."""
    rounds = []
    for _ in track(range(checks), description="checking", transient=True):
        for stream in streams:
            stream.go_on()
        rounds.append([stream.check_ns() / 1000 for stream in streams])
    return rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=40, help="of video before the first check")
    parser.add_argument("--checks", type=int, default=20, help="of every stream")
    options = parser.parse_args()
    streams = [Stream(number) for number in range(options.streams)]
    for stream in track(streams, description="going on", transient=True):
        for _ in range(options.seconds):
            stream.go_on()
            stream.check_ns()
    alone = rounds_us(streams[:1], 20 * options.checks)
    together = rounds_us(streams, options.checks)
    table = Table("check of", "unit", "median", "p99", "max", "target")
    rows = (
        ("one stream alone", "µs", [us for once in alone for us in once], TARGET_US),
        (f"each of {len(streams)}", "µs", [us for once in together for us in once], TARGET_US),
        (f"all {len(streams)}", "ms", [sum(once) / 1000 for once in together], TARGET_ALL_MS),
    )
    for name, unit, values, target in rows:
        found = quantiles(values)
        assert found is not None
        table.add_row(
            name, unit, f"{found.p50:.1f}", f"{found.p99:.1f}", f"{found.max:.1f}", f"{target:.0f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
