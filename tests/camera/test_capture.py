"""The capture of a camera whose frames are not taken."""

from __future__ import annotations

import threading

from streamlab.camera.capture import Capture
from streamlab.camera.frame import CapturedFrame
from streamlab.clock import monotonic_ns
from streamlab.core.channels import SourceState
from streamlab.core.time.keyframes import KeyframeClock
from streamlab.core.time.timebase import NS_PER_S, TIMESCALE
from tests.camera.recorder import SPEC, TIMEOUT_S

AN_HOUR_NS = 3600 * NS_PER_S


def test_a_source_has_not_stalled_while_its_frame_waits_to_be_taken() -> None:
    inside, gate, over = threading.Event(), threading.Event(), threading.Event()

    def deliver(_: CapturedFrame) -> bool:
        if not inside.is_set():
            inside.set()
            gate.wait(TIMEOUT_S)
        elif not over.is_set():
            over.set()
        return True

    capture = Capture("busy", SPEC, None, KeyframeClock(TIMESCALE), deliver, lambda _: None)
    capture.start()
    assert inside.wait(TIMEOUT_S)
    while_waiting = capture.check(monotonic_ns() + AN_HOUR_NS)
    gate.set()
    assert over.wait(TIMEOUT_S)
    capture.stop()
    capture.join(TIMEOUT_S)
    assert while_waiting is not None
    assert while_waiting.state is SourceState.LIVE
