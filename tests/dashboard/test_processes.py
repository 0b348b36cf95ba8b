"""The table of worker processes, and what happened to them."""

from __future__ import annotations

from streamlab.dashboard.processes import Processes, process_tables
from streamlab.protocol.status import WorkerStatus
from streamlab.viewers.event_log import LoggedEvent


def worker(**changed: object) -> WorkerStatus:
    """Return the status of a worker that runs two cameras."""
    values = {
        "id": "worker-1", "host": "here", "pid": 7, "version": "1", "state": "running",
        "cameras": ("gate", "yard"), "cpu": 0.254, "rss_bytes": 150_400_000, "restarts": 2,
    }  # fmt: skip
    return WorkerStatus(**values | changed)  # type: ignore[arg-type]


def test_without_workers_there_is_nothing() -> None:
    assert process_tables(Processes((), ())) == ""


def test_a_worker_has_a_row() -> None:
    shown = process_tables(Processes((worker(),), ()))
    for each in ("worker-1", "running", "gate, yard", ">0.25<", ">150<", ">2<", 'tone="good"'):
        assert each in shown


def test_a_worker_that_is_lost_has_no_figures() -> None:
    shown = process_tables(Processes((worker(state="lost", pid=None, cameras=(), hangs=1),), ()))
    assert ">150<" not in shown
    for each in (">none<", "2, hung 1", 'tone="bad"'):
        assert each in shown


def test_events_are_escaped_and_have_their_time() -> None:
    event = LoggedEvent(1, "worker", 3600.0, "", "worker-1 has ended: <b>.")
    shown = process_tables(Processes((worker(),), (event,)))
    assert "01:00:00 UTC" in shown
    assert "&lt;b&gt;" in shown
