"""Where a frame's stages run, and how what they make leaves."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from streamlab.camera.delivery import Delivery, PipelineEvent
from streamlab.camera.frame import CapturedFrame, DetectionTimed
from streamlab.camera.worker import Worker
from streamlab.clock import monotonic_ns
from streamlab.media.picture import Picture
from tests.camera.test_worker import ByHand

PIXELS = np.zeros((24, 16), np.uint8)


class Stage(Worker[CapturedFrame]):
    """Emits something for each frame, and notes which thread it did that in."""

    def __init__(self, delivery: Delivery, pool: ByHand) -> None:
        super().__init__("stage", 8, pool)
        self.threads: list[int] = []
        self._delivery = delivery

    def handle(self, item: CapturedFrame) -> None:
        self.threads.append(threading.get_ident())
        self._delivery.send(DetectionTimed("annotated", item.pts, None))


def frame(pts: int) -> CapturedFrame:
    return CapturedFrame(Picture.from_planes(PIXELS, pts), 1, False, monotonic_ns(), 0.0)


class Bench:
    """Two stages, a pool that works when it is told to, and what was emitted."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.pool = ByHand()
        self.delivery = Delivery(self._receive, self.pool)
        self.delivery.wanted = True
        self.delivery.stages = self.stages = [Stage(self.delivery, self.pool) for _ in range(2)]

    def deliver(self, pts: int, *, may_run: bool = True) -> None:
        self.delivery._pool = self.pool if may_run else ByHand()
        assert self.delivery.deliver(frame(pts))

    def _receive(self, items: Sequence[PipelineEvent]) -> None:
        self.batches.append([item.pts for item in items if isinstance(item, DetectionTimed)])


def test_a_frame_runs_through_in_one_thread_and_leaves_as_one() -> None:
    bench = Bench()
    bench.deliver(1)
    assert bench.batches == [[1, 1]]
    assert not bench.pool.called


def test_a_frame_that_may_not_run_goes_to_the_pool() -> None:
    bench = Bench()
    bench.deliver(1, may_run=False)
    assert not bench.batches
    bench.pool.work()
    assert bench.batches == [[1], [1]]


def test_no_frame_overtakes_one_that_waits_for_the_pool() -> None:
    bench = Bench()
    bench.deliver(1, may_run=False)
    bench.deliver(2)
    bench.pool.work()
    assert bench.batches == [[1], [2], [1], [2]]


def test_what_another_thread_emits_meanwhile_leaves_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    seen: list[list[list[int]]] = []

    def emit_elsewhere(*_: Any) -> None:
        other = threading.Thread(
            target=bench.delivery.send, args=(DetectionTimed("annotated", 7, None),)
        )
        other.start()
        other.join()
        seen.append([list(batch) for batch in bench.batches])

    monkeypatch.setattr(bench.stages[1], "handle", emit_elsewhere)
    bench.deliver(1)
    assert seen == [[[7]]]
    assert bench.batches == [[7], [1]]


def test_a_stage_that_fails_leaves_the_other_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def fail(_: CapturedFrame) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(bench.stages[0], "handle", fail)
    bench.deliver(1)
    bench.deliver(2)
    assert bench.stages[0].health.last_error == "ValueError: broken"
    assert bench.batches == [[1], [2]]


def test_a_frame_goes_to_all_stages_or_to_none() -> None:
    bench = Bench()
    bench.stages[1].max_items = 0
    assert not bench.delivery.deliver(frame(1))
    assert bench.stages[0].threads == []


def test_a_frame_that_nobody_wants_ends_here() -> None:
    bench = Bench()
    bench.delivery.wanted = False
    assert bench.delivery.deliver(frame(1))
    bench.pool.work()
    assert not bench.batches
