"""A detector that stalls or dies: raw runs free, annotated follows, and both come together."""

from __future__ import annotations

import pytest

from streamlab.core.channels import ChannelType, SyncState
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.sync.rule import PATIENT_NS
from tests.core.makers import MS_NS, controller
from tests.core.virtual_camera import VirtualCamera

FRAME_NS = 33 * MS_NS
COST_NS = 3 * MS_NS
BOUND_NS = 250 * MS_NS
TOLERANCE_MS = 50.0
WAITING = pytest.mark.parametrize("policy", [SyncPolicy.HOLD, SyncPolicy.PAIR])
CORRECTING = pytest.mark.parametrize("policy", [p for p in SyncPolicy if p is not SyncPolicy.NONE])


def stalled(policy: SyncPolicy, stall_ms: int, *, frames: int, slow_ms: int = 20) -> VirtualCamera:
    """A detector of 20 ms that hangs at frame 60, or never comes back; it refuses meanwhile."""
    camera = VirtualCamera(controller(policy, max_violations=10))
    for number in range(frames):
        lag_ms: int | None = 20 if number < 60 else slow_ms
        since_ms = (number - 60) * 33
        if since_ms == 0:
            lag_ms = stall_ms
        elif 0 < since_ms < stall_ms:
            lag_ms = None
        lag_ns = None if lag_ms is None else lag_ms * MS_NS
        camera.capture(number, number * FRAME_NS, lag_ns, COST_NS)
    camera.run()
    for channel in ChannelType:
        assert list(camera.left_ns[channel]) == list(range(frames))
    waits_ns = (
        camera.left_ns[ChannelType.RAW][number] - ready_ns
        for number, ready_ns in camera.ready_ns[ChannelType.RAW].items()
    )
    assert max(waits_ns) <= BOUND_NS
    return camera


@WAITING
def test_frames_that_wait_for_a_stalled_detector_are_let_go(policy: SyncPolicy) -> None:
    camera = stalled(policy, 3000, frames=240)
    late = [number for number in range(240) if abs(camera.drift_ms(number)) > TOLERANCE_MS]
    assert late, "the policy waits for results"
    assert max(late) < 60 + 25, "annotated has caught up long before the stall ends"
    assert camera.controller.counts["catch_up"] == 1
    assert camera.boxes.counts["stale_deadline"] >= 1
    assert camera.boxes.peak < 30
    states = [report.state for report in camera.reports]
    assert SyncState.DEGRADED in states
    assert states[-1] is SyncState.SYNCHRONIZED
    assert camera.boxes.deadline_ns == PATIENT_NS, "patient again, since results come again"
    assert camera.boxes.counts["fresh"] >= 60 + (240 - 60 - 3000 // 33 - 3)


@CORRECTING
def test_a_dead_detector_does_not_make_the_channels_part_again_and_again(
    policy: SyncPolicy,
) -> None:
    camera = stalled(policy, 60_000, frames=600)
    assert max(camera.drift_ms(number) for number in range(100, 600)) <= TOLERANCE_MS
    assert camera.controller.counts["catch_up"] <= 1
    assert camera.controller.meter.state is SyncState.SYNCHRONIZED


@WAITING
def test_a_detector_too_slow_to_wait_for_is_not_waited_for(policy: SyncPolicy) -> None:
    camera = stalled(policy, 3000, frames=300, slow_ms=900)
    assert camera.controller.control.catching_up
    assert max(camera.drift_ms(number) for number in range(200, 300)) <= TOLERANCE_MS


def test_a_deadline_leaves_nothing_to_catch_up_with() -> None:
    for policy in (SyncPolicy.DEADLINE, SyncPolicy.HYBRID):
        camera = stalled(policy, 3000, frames=240)
        assert max(camera.drift_ms(number) for number in range(240)) <= TOLERANCE_MS
        assert camera.controller.counts["catch_up"] == 0


def test_the_baseline_waits_and_is_degraded_only() -> None:
    camera = stalled(SyncPolicy.NONE, 2000, frames=200)
    assert camera.controller.counts["catch_up"] == 0
    assert max(camera.drift_ms(number) for number in range(200)) > 1000
    assert camera.controller.meter.state is SyncState.SYNCHRONIZED
