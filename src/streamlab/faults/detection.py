"""Injects detector faults into one camera: runs its ``DelayLine`` in a thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol

from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.detect.answer import Answer
from streamlab.faults.definition import Faults
from streamlab.faults.delay_line import MAX_DELAYED, DelayLine, Frame


class Annotator(Protocol[Frame]):
    """The stage that asks the detector, with the calls that fault injection replaces."""

    ask: Callable[[Frame], Frame | None]
    """Offers a frame to the detector; returns the frame that is refused, if any."""
    receive_answer: Callable[[Answer], None]
    """Receives an answer, from any thread."""


class FaultyDetection(Generic[Frame]):
    """Puts a ``DelayLine`` between a camera and its detector while faults affect results.

    Frames, answers and new faults reach it in order, in a thread that ends with the faults. An
    item that another thread adds after that restarts the thread, and passes straight through.
    """

    def __init__(self, annotator: Annotator[Frame]) -> None:
        self.line: DelayLine[Frame] = DelayLine()
        self._annotator = annotator
        self._ask, self._receive_answer = annotator.ask, annotator.receive_answer
        self._items: deque[Frame | Answer | Faults] = deque()
        self._changed = threading.Condition()
        self._running = False

    def inject(self, faults: Faults) -> None:
        """Replace the faults. Returns at once; thread-safe."""
        if faults.affects_detector or self._running:
            self._put(faults)

    def ask(self, captured: Frame) -> Frame | None:
        """Queue a frame; return it if ``MAX_DELAYED`` items are queued already."""
        if len(self._items) >= MAX_DELAYED:
            return captured
        self._put(captured)
        return None

    def _put(self, item: Frame | Answer | Faults) -> None:
        with self._changed:
            self._items.append(item)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="detector-faults", daemon=True).start()
            self._changed.notify()

    def _run(self) -> None:
        while self._wait():
            while self._items:
                self._handle(self._items.popleft())
            self.line.handle_timer(monotonic_ns())
            self._process_events()

    def _wait(self) -> bool:
        """Wait for an item or a due answer; return False when the thread can end."""
        with self._changed:
            due_ns = self.line.get_timer()
            if not self._items and due_ns is None and not self.line.faults.affects_detector:
                self._running = False
                return False
            left_ns = None if due_ns is None else max(0, due_ns - monotonic_ns())
            timeout_s = None if left_ns is None else left_ns / NS_PER_S
            self._changed.wait_for(lambda: bool(self._items), timeout_s)
            return True

    def _handle(self, item: Frame | Answer | Faults) -> None:
        now_ns = monotonic_ns()
        if isinstance(item, Faults):
            self.line.inject(item, now_ns)
        elif isinstance(item, Answer):
            self.line.receive_answer(item)
        else:
            self.line.receive_frame(item, now_ns)
        self._process_events()
        if isinstance(item, Faults):
            self._install(item)

    def _install(self, faults: Faults) -> None:
        annotator = self._annotator
        if faults.affects_detector:
            annotator.ask, annotator.receive_answer = self.ask, self._put
        else:
            annotator.ask, annotator.receive_answer = self._ask, self._receive_answer

    def _process_events(self) -> None:
        while (event := self.line.next_event()) is not None:
            if isinstance(event, Answer):
                self._receive_answer(event)
                continue
            refused = self._ask(event.captured)
            if refused is not None:
                self.line.receive_answer(Answer(refused.pts, None, monotonic_ns()))
