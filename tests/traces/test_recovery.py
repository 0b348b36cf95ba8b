"""After a burst of slow frames boxes are fresh again within five seconds, at any rate."""

from __future__ import annotations

import pytest
from benchmarks.recovery import BEGIN_S, RATES_FPS, recovery
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.core.playout import SyncPolicy
from streamlab.traces import make_trace, replay
from streamlab.traces.faults import Burst, Fault, Stage, lognormal

RECOVERY_S = 5.0
AFTER_S = 12
MAX_FRAMES, MAX_EXTRA_MS = 20, 2000

bursts = st.builds(
    Burst,
    st.sampled_from(Stage),
    st.integers(1, MAX_FRAMES),
    st.integers(20, MAX_EXTRA_MS),
    st.just(BEGIN_S),
)


@pytest.mark.parametrize("fps", RATES_FPS)
@pytest.mark.parametrize("policy", list(SyncPolicy))
@settings(max_examples=5)
@given(burst=bursts, lag_ms=st.sampled_from([18, 45, 90]))
def test_fresh_boxes_are_back_soon_after_a_burst(
    policy: SyncPolicy, fps: int, burst: Burst, lag_ms: int
) -> None:
    fault = Fault(lognormal(lag_ms, 0.05), burst=burst)
    seconds = BEGIN_S + burst.frames * burst.extra_ms / 1000 + AFTER_S
    trace = make_trace(fault, seconds=seconds, fps=fps)
    found = recovery(replay(trace, policy), BEGIN_S)
    assert found.seconds <= RECOVERY_S
    assert not found.unreported, "frames apart while the state says synchronized"
