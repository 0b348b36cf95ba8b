"""Whatever the detector does and whatever is asked for meanwhile: what must never happen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.core.channels import ChannelType
from streamlab.core.sync.policy import SyncPolicy
from tests.core.makers import MS_NS, controller
from tests.core.virtual_camera import VirtualCamera

TOLERANCE_MS, BOUND_MS = 50, 250
SPEEDS = st.sampled_from([5, 20, 33, 40, 100, 400])
LAGS = st.none() | st.integers(0, 120) | st.integers(0, 6000)
COSTS = st.integers(0, 20) | st.integers(0, 200)


@dataclass(frozen=True)
class Frame:
    """Times in ms."""

    after: int
    lag: int | None
    cost: int


@dataclass(frozen=True)
class Request:
    """Another setting, asked for at a time, ms."""

    at: int
    verb: Literal["policy", "tolerance", "bound", "stale"]
    number: int

    def tell(self, camera: VirtualCamera) -> None:
        match self.verb:
            case "policy":
                policy = list(SyncPolicy)[self.number % len(SyncPolicy)]
                camera.controller.request_policy(policy)
            case "tolerance":
                camera.controller.request_tolerance(float(self.number))
            case "bound":
                camera.controller.request_max_playout_delay(float(self.number))
            case "stale":
                camera.controller.request_max_stale_fraction(self.number / 500)


FRAMES = st.lists(st.builds(Frame, SPEEDS, LAGS, COSTS), min_size=1, max_size=40)
VERBS = st.sampled_from(["policy", "policy", "tolerance", "bound", "stale"])
REQUESTS = st.lists(
    st.builds(Request, st.integers(0, 3000), VERBS, st.integers(0, 500)), max_size=8
)


def played(policy: SyncPolicy, frames: list[Frame], requests: list[Request]) -> VirtualCamera:
    camera = VirtualCamera(controller(policy, max_violations=3), max_frames=16)
    for number, at_ms in enumerate(accumulate(frame.after for frame in frames)):
        frame = frames[number]
        lag_ns = None if frame.lag is None else frame.lag * MS_NS
        camera.capture(number, at_ms * MS_NS, lag_ns, frame.cost * MS_NS)
    for request in requests:
        camera.plan(request.at * MS_NS, partial(request.tell, camera))
    camera.run()
    return camera


def longest_bound_ns(requests: list[Request], since_ns: int, until_ns: int) -> int:
    """Return the most that raw might have waited, by any bound in force in that time."""
    bounds = [(0, BOUND_MS), *sorted((r.at, r.number) for r in requests if r.verb == "bound")]
    ends = [at for at, _ in bounds[1:]] + [10**9]
    spans = zip(bounds, ends, strict=True)
    in_force = (ms for (at, ms), end in spans if at * MS_NS <= until_ns and end * MS_NS >= since_ns)
    return max(in_force) * MS_NS


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SyncPolicy), FRAMES, REQUESTS)
def test_nothing_is_lost_reordered_early_or_held_beyond_the_bound(
    policy: SyncPolicy, frames: list[Frame], requests: list[Request]
) -> None:
    camera = played(policy, frames, requests)
    for channel, left_ns in camera.left_ns.items():
        assert list(left_ns) == list(range(len(frames))), "each frame once, in order"
        assert all(earlier <= later for earlier, later in pairwise(left_ns.values()))
        assert all(at_ns >= camera.ready_ns[channel][n] for n, at_ns in left_ns.items())
    raw, annotated = camera.left_ns.values()
    for number, ready_ns in camera.ready_ns[ChannelType.RAW].items():
        assert raw[number] - ready_ns <= longest_bound_ns(requests, ready_ns, raw[number])
    if SyncPolicy.NONE is not policy and not any(r.verb == "policy" for r in requests):
        assert all(at_ns >= raw[number] for number, at_ns in annotated.items())


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SyncPolicy), FRAMES, REQUESTS)
def test_every_frame_is_counted_by_what_became_of_it(
    policy: SyncPolicy, frames: list[Frame], requests: list[Request]
) -> None:
    camera = played(policy, frames, requests)
    drawn, counts = camera.boxes.counts, camera.controller.meter.counts
    assert sum(n for cause, n in drawn.items() if cause != "late_result") == len(frames)
    assert counts["fresh"] == drawn["fresh"]
    assert counts["fresh"] + counts["stale"] == len(frames)
    assert counts["violations"] + counts["in_tolerance"] + counts["unpaired"] == len(frames)
    held = sum(
        camera.left_ns[ChannelType.RAW][number] > ready_ns
        for number, ready_ns in camera.ready_ns[ChannelType.RAW].items()
    )
    assert camera.controller.counts["hold"] == held
