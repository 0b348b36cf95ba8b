"""Injects source faults into the capture of a camera."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from streamlab.faults.definition import NO_FAULTS, Faults
from streamlab.faults.source import SourceFaults
from streamlab.media.source import SourceFrame, SourceInfo

Frame = TypeVar("Frame")


class Capture(Protocol[Frame]):
    """A capture, with the calls that are replaced while faults are injected."""

    receive: Callable[[SourceFrame, SourceInfo], None]
    """Receives a picture from the source, in the reader's thread."""
    deliver: Callable[[Frame], bool]
    """Passes the captured frame on; returns False if it is dropped."""
    is_held_up: bool

    def request_shift(self, ticks: int) -> None:
        """Move later pts ahead by ``ticks``. Called within ``receive``."""
        ...


class FaultyCapture(Generic[Frame]):
    """Injects source faults into a capture. Thread-safe."""

    def __init__(self, capture: Capture[Frame]) -> None:
        self.counts: Counter[str] = Counter()
        self._capture = capture
        self._receive, self._deliver = capture.receive, capture.deliver
        self._source = SourceFaults(NO_FAULTS, self.counts)

    def inject(self, faults: Faults, freeze: Callable[[], None] = lambda: None) -> None:
        """Replace the faults from the next frame on; a stall in progress ends.

        ``freeze`` is called before each frame and blocks while the whole camera is frozen.
        """
        self._source.end()
        capture, take, hand_on = self._capture, self._receive, self._deliver
        if not faults.affects_capture:
            capture.receive, capture.deliver = take, hand_on
            return
        source = self._source = SourceFaults(faults, self.counts)

        def receive(item: SourceFrame, info: SourceInfo) -> None:
            capture.is_held_up = True
            source.hold_up()
            freeze()
            capture.is_held_up = False
            if item.stamp is not None:
                capture.request_shift(source.gain(item.stamp))
            take(item, info)

        def deliver(captured: Frame) -> bool:
            return not source.lose() and hand_on(captured)

        capture.receive, capture.deliver = receive, deliver
