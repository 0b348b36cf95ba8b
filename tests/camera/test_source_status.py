"""The state of a source, from the reports of those that read it one after the other."""

from __future__ import annotations

from streamlab.camera.frame import SourceChanged
from streamlab.camera.source_status import SourceStatus
from streamlab.core.channels import SourceState

LOST = SourceChanged(SourceState.RECONNECTING, "its worker process has ended", 1.0)
OPENING = SourceChanged(SourceState.CONNECTING, "")


def test_a_source_that_a_new_process_opens_reconnects_as_was_reported() -> None:
    status = SourceStatus(is_open=True)
    assert status.receive_change(LOST)
    assert not status.receive_change(OPENING)
    assert (status.state, status.detail) == (LOST.state, LOST.detail)
    assert status.receive_change(SourceChanged(SourceState.CONNECTING, "no answer", 2.0))
    assert (status.state, status.detail) == (SourceState.RECONNECTING, "no answer")
    assert status.receive_change(SourceChanged(SourceState.LIVE, ""))
    assert status.detail == ""


def test_a_source_that_has_never_been_open_connects() -> None:
    status = SourceStatus(is_open=False)
    status.receive_change(OPENING)
    assert status.state is SourceState.CONNECTING
