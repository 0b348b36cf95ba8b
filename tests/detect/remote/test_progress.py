"""Hanging is told from working, without a clock."""

from __future__ import annotations

from streamlab.detect.remote.progress import PINGS_PER_TIMEOUT, HangDetection

TIMEOUT_NS = 1000


def test_a_batch_may_take_as_long_as_its_timeout() -> None:
    hanging = HangDetection(TIMEOUT_NS)
    assert not hanging.receive_progress(1, 0, 0)
    assert not hanging.receive_progress(1, 0, TIMEOUT_NS - 1)
    assert hanging.receive_progress(1, 0, TIMEOUT_NS)


def test_batch_after_batch_is_no_hang() -> None:
    hanging = HangDetection(TIMEOUT_NS)
    assert not any(hanging.receive_progress(n, n - 1, n * 600) for n in range(1, 20))
    assert not hanging.receive_progress(20, 20, 1 << 40)
    assert not hanging.receive_progress(21, 20, 1 << 41)


def test_silence_is_counted_in_pings() -> None:
    hanging = HangDetection(TIMEOUT_NS)
    assert not any(hanging.receive_ping() for _ in range(PINGS_PER_TIMEOUT + 1))
    assert hanging.receive_ping()
    hanging.receive_progress(0, 0, 1 << 40)
    assert not hanging.receive_ping()
