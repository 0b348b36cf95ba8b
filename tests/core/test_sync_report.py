"""What is reported of several channels: each, and the worst one."""

from __future__ import annotations

import json

import pytest

from streamlab.core.channels import ChannelKey, QualityLevel, SyncState
from streamlab.core.events import Sync
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.events import BoxDeadline, Release
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.sync.settings import SyncSettings
from streamlab.errors import InvalidRequestError
from streamlab.protocol.sse import encode
from tests.core.makers import MS_NS, RAW, controller, fragment

ANNOTATED, POSE = (ChannelKey(name, QualityLevel.MEDIUM) for name in ("annotated", "pose"))


def release(made: SyncController, number: int, **drifts_ms: float) -> None:
    """Let a frame leave in raw and then in each channel."""
    at_ns = number * 200 * MS_NS
    made.receive_fragment(fragment(RAW, number), at_ns)
    for name, drift_ms in sorted(drifts_ms.items(), key=lambda item: item[1]):
        key = ChannelKey(name, QualityLevel.MEDIUM)
        made.receive_fragment(fragment(key, number), at_ns + round(drift_ms * MS_NS))


def reports(made: SyncController) -> list[Sync]:
    found = []
    while (event := made.next_event()) is not None:
        if isinstance(event, Sync):
            found.append(event)
    return found


def test_a_report_is_of_each_channel_and_of_the_worst() -> None:
    made = controller(annotated=("annotated", "pose"))
    release(made, 0, annotated=4.0, pose=120.5)
    made.add_channel("plates")
    report = made.report(200 * MS_NS)
    assert report is not None
    assert (report.drift_ms, report.is_synchronized, report.sync_violations) == (120.5, False, 1)
    assert report.state is SyncState.CORRECTING
    assert report.channels == {
        "annotated": {"drift_ms": 4.0, "fresh_fraction": 1.0, "state": "synchronized"},
        "pose": {"drift_ms": 120.5, "fresh_fraction": 1.0, "state": "correcting"},
        "plates": {"drift_ms": None, "fresh_fraction": None, "state": "synchronized"},
    }
    data = json.loads(encode(report).decode().split("\ndata: ")[1])
    assert data["channels"] == report.channels


def test_a_state_counts_for_more_than_a_drift() -> None:
    made = controller(annotated=("annotated", "pose"), max_violations=3)
    for number in range(3):
        release(made, number, annotated=5.0, pose=60.0)
    (degraded,) = reports(made)
    assert degraded.state is made.state is SyncState.DEGRADED
    assert degraded.drift_ms == 60.0
    release(made, 3, annotated=150.0, pose=10.0)
    report = made.report(600 * MS_NS)
    assert report is not None
    assert (report.state, report.drift_ms) == (SyncState.DEGRADED, 10.0)
    assert report.channels["annotated"]["state"] is SyncState.CORRECTING
    status = made.status(600 * MS_NS)
    assert (status["annotated"].violations, status["pose"].violations) == (1, 3)


def test_a_correction_is_that_of_the_worst_channel() -> None:
    made = controller(annotated=("annotated", "pose"))
    made.receive_fragment(fragment(RAW, 0), 0)
    made.receive_fragment(fragment(ANNOTATED, 0, fresh=False), 0)
    made.receive_fragment(fragment(POSE, 0), 20 * MS_NS)
    report = made.report(20 * MS_NS)
    assert report is not None
    assert (report.drift_ms, report.correction) == (20.0, "none")
    assert made.annotated["annotated"].meter.counts["stale"] == 0, "frame 0 has no older boxes"
    made.receive_fragment(fragment(RAW, 1), 33 * MS_NS)
    made.receive_fragment(fragment(ANNOTATED, 1), 34 * MS_NS)
    made.receive_fragment(fragment(POSE, 1, fresh=False), 40 * MS_NS)
    report = made.report(40 * MS_NS)
    assert report is not None
    assert (report.drift_ms, report.correction) == (7.0, "stale")


def test_a_picture_that_is_long_ready_still_waits_for_its_raw_one() -> None:
    made = controller(SyncPolicy.PAIR, ("annotated", "pose"), max_playout_delay_ms=250)
    first, second = fragment(ANNOTATED, 0), fragment(RAW, 0)
    made.receive_fragment(first, 0)
    made.receive_fragment(second, 100 * MS_NS)
    released: list[tuple[int, ChannelKey]] = []
    for now_ns in range(100 * MS_NS, 400 * MS_NS, 10 * MS_NS):
        made.handle_timer(now_ns)
        events = iter(made.next_event, None)
        released += [(now_ns, e.fragment.key) for e in events if isinstance(e, Release)]
    assert released == [(350 * MS_NS, RAW), (350 * MS_NS, ANNOTATED)], "raw waited for pose"


def test_each_channel_is_told_its_own_deadline() -> None:
    made = controller(SyncPolicy.DEADLINE, ("annotated", "pose"), max_playout_delay_ms=250)
    made.add_channel("plates")
    told = [event for event in iter(made.next_event, None) if isinstance(event, BoxDeadline)]
    assert [event.channel for event in told] == ["annotated", "pose", "plates"]
    assert told[0].deadline_ns == told[1].deadline_ns == 240 * MS_NS
    assert told[2].deadline_ns < 50 * MS_NS, "raw does not wait for it yet"


def test_settings_are_those_that_were_asked_for_last_also_for_a_new_channel() -> None:
    made = controller(SyncPolicy.PAIR)
    made.request_policy(SyncPolicy.HOLD)
    made.request_tolerance(80.0)
    made.request_max_playout_delay(120.0)
    made.request_max_stale_fraction(0.5)
    assert made.settings == SyncSettings(80.0, SyncPolicy.HOLD, 120.0, 0.5)
    made.add_channel("pose")
    for channel in made.annotated.values():
        control = channel.control
        assert channel.meter.tolerance_ms == 80.0
        assert (control.policy, control.max_stale_fraction) == (SyncPolicy.HOLD, 0.5)
        learned = control.learned
        assert (learned.tolerance_ns, learned.max_delay_ns) == (80 * MS_NS, 120 * MS_NS)


@pytest.mark.parametrize("name", ["annotated", "raw", "both", "Pose", ""])
def test_a_channel_needs_a_name_of_its_own(name: str) -> None:
    made = controller()
    with pytest.raises(InvalidRequestError, match="channel"):
        made.add_channel(name)
    assert made.channels == ("raw", "annotated")


def test_what_a_removed_channel_still_gives_is_dropped() -> None:
    made = controller(SyncPolicy.PAIR, ("annotated", "pose"))
    made.receive_fragment(fragment(POSE, 0), 0)
    made.remove_channel("pose")
    made.remove_channel("pose")
    made.receive_lag("pose", 0, 5 * MS_NS, 5 * MS_NS)
    made.receive_fragment(fragment(POSE, 1), 5 * MS_NS)
    assert made.counts["dropped"] == 2
    assert made.waiting == 0


def test_the_metadata_of_a_channel_is_that_of_its_newest_release() -> None:
    made = controller()
    assert made.metadata(0)["raw"].sequence is None
    release(made, 3, annotated=4.0)
    raw, annotated = made.metadata(700 * MS_NS).values()
    assert (raw.channel, raw.sequence, raw.pts, raw.offset_ms) == ("raw", 4, 9000, 600.0)
    assert (raw.drift_ms, raw.fresh_fraction) == (None, None)
    assert (annotated.quality, annotated.released_ns) == ("medium", 604 * MS_NS)
    assert (annotated.drift_ms, annotated.fresh_fraction) == (4.0, 1.0)
