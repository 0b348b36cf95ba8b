from __future__ import annotations

from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.health import RECOVERY_ANSWERS, HealthRecord

SECOND = NS_PER_S


def test_a_new_detector_is_well() -> None:
    assert HealthRecord().at(0).state == "ok"
    assert HealthRecord().at(0, none=True).state == "none"


def test_it_fails_until_some_good_answers_in_a_row() -> None:
    record = HealthRecord()
    record.receive_failure(ValueError("cannot see\ud800"), 2, at=1000.0)
    health = record.at(0)
    assert (health.state, health.failed, health.last_failed_at) == ("failing", 2, 1000.0)
    assert health.detail.startswith("ValueError: cannot see\ufffd (")
    for _ in range(RECOVERY_ANSWERS - 1):
        record.receive_success()
    assert record.at(0).state == "failing"
    record.receive_failure(ValueError("again"), 1, at=1001.0)
    for _ in range(RECOVERY_ANSWERS):
        record.receive_success()
    health = record.at(0)
    assert (health.state, health.detail, health.failed) == ("ok", "", 3)
    assert health.last_error == "ValueError: again"


def test_it_is_slow_while_no_answer_comes_and_after_a_late_one() -> None:
    record = HealthRecord()
    record.receive_start(0)
    assert record.at(SECOND).state == "ok"
    assert record.at(12 * SECOND).detail == "no answer for 12 s"
    record.receive_end(13 * SECOND)
    record.receive_success()
    assert record.at(14 * SECOND).state == "slow"
    record.receive_start(14 * SECOND)
    record.receive_end(14 * SECOND + SECOND // 10)
    assert record.at(15 * SECOND).state == "ok"


def test_a_long_error_is_cut() -> None:
    record = HealthRecord()
    record.receive_failure(RuntimeError("x" * 100_000), 1, at=0.0)
    assert len(record.at(0).last_error) == 300
