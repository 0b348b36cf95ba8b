"""After a burst of slow frames boxes are fresh again within five seconds, at any rate."""

from __future__ import annotations

import pytest
from benchmarks.recovery import BEGIN_S, RATES_FPS, STAGES, burst, recovery
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.analysis import make_trace, replay
from streamlab.core.sync.policy import SyncPolicy

RECOVERY_S = 5.0
AFTER_S = 12
MAX_FRAMES, MAX_EXTRA_MS = 20, 2000


@pytest.mark.parametrize("fps", RATES_FPS)
@pytest.mark.parametrize("policy", list(SyncPolicy))
@settings(max_examples=5)
@given(
    stage=st.sampled_from(STAGES),
    frames=st.integers(1, MAX_FRAMES),
    extra_ms=st.integers(20, MAX_EXTRA_MS),
    lag_ms=st.sampled_from([18, 45, 90]),
)
def test_fresh_boxes_are_back_soon_after_a_burst(
    policy: SyncPolicy, fps: int, stage: str, frames: int, extra_ms: int, lag_ms: int
) -> None:
    seconds = BEGIN_S + frames * extra_ms / 1000 + AFTER_S
    trace = make_trace(burst(stage, frames, extra_ms, lag_ms), seconds=seconds, fps=fps)
    found = recovery(replay(trace, policy), BEGIN_S)
    assert found.seconds <= RECOVERY_S
    assert not found.unreported, "frames apart while the state says synchronized"
