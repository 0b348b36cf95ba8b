"""Samples of one camera for a dashboard. All of this module runs in the cameras' event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from streamlab.clock import monotonic_ns
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import NS_PER_S
from streamlab.viewers import Camera
from streamlab.viewers.history import FrameHistory, FrameRecord

FORGET_AFTER_S = 60.0
CHECK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Controls:
    """A camera's current synchronisation settings and faults."""

    policy: SyncPolicy
    sync_tolerance_ms: float
    max_playout_delay_ms: float
    max_stale_fraction: float
    faults: dict[str, object]
    """Injected faults by field; empty if there are none."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A camera's state at ``now_ns`` (monotonic), and its frames since the previous sample."""

    stream_id: str
    now_ns: int
    count: int
    """Frames released in both channels so far; pass it as ``after`` for the next sample."""
    pairs: list[FrameRecord]
    """The new ones among them, oldest first."""
    controls: Controls
    sync_state: str


class Watched:
    """Keeps a camera's frames until nothing has asked for them for ``FORGET_AFTER_S``.

    Then ``on_over`` is called, and they are no longer recorded.
    """

    def __init__(self, camera: Camera, on_over: Callable[[], object]) -> None:
        self.camera = camera
        self.history = FrameHistory()
        self._looked_ns = monotonic_ns()
        self._on_over = on_over
        self.history.follow(camera.events())
        self._arm()

    def since(self, seconds: float) -> list[FrameRecord]:
        """Return the frames kept of the last ``seconds``, oldest first."""
        self._looked_ns = monotonic_ns()
        return self.history.since(self._looked_ns - round(seconds * NS_PER_S))

    def sample(self, after: int | None, seconds: float) -> Sample:
        """Return a sample with the pairs after the first ``after``.

        If ``after`` is None or exceeds the count, it has the pairs of the last ``seconds``.
        """
        self._looked_ns = now_ns = monotonic_ns()
        history = self.history
        if after is None or after > history.pair_count:
            since_ns = now_ns - round(seconds * NS_PER_S)
            pairs = [pair for pair in history.pairs if pair.captured_ns >= since_ns]
        else:
            pairs = history.pairs_after(after)
        return Sample(
            self.camera.stream_id,
            now_ns,
            history.pair_count,
            pairs,
            _controls(self.camera),
            self.camera.status().sync_state,
        )

    def _arm(self) -> None:
        asyncio.get_running_loop().call_later(CHECK_EVERY_S, self._check)

    def _check(self) -> None:
        if monotonic_ns() - self._looked_ns < FORGET_AFTER_S * NS_PER_S:
            self.history.check()
            self._arm()
        else:
            self.history.close()
            self._on_over()


def _controls(camera: Camera) -> Controls:
    sync = camera.sync_settings
    return Controls(
        SyncPolicy(sync.policy),
        sync.tolerance_ms,
        sync.max_playout_delay_ms,
        sync.max_stale_fraction,
        camera.faults.describe(),
    )
