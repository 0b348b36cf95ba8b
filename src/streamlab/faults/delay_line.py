"""Delays detection results and refuses frames, as the injected faults of one camera require.

Sits between a camera and its detector. Rules:

- without faults, frames and answers pass straight through;
- a result is held until a detector with the faults would have returned it; results keep their
  order;
- unless the faults are ``parallel`` the camera has one worker: while its result is held, one frame
  waits; the next frame replaces the waiting one, which is refused;
- a dead detector refuses every frame at once;
- when the faults change, held results and the waiting frame go on at once;
- a frame that the detector does not answer within ``PATIENT_NS`` does not block others.

The detector itself is used as usual and never waits, because other cameras may share it.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from streamlab.core.sync.rule import PATIENT_NS
from streamlab.detect.answer import Answer
from streamlab.faults.definition import NO_FAULTS, Faults
from streamlab.faults.detector import Delay, DelayPlan

MAX_DELAYED = 1024


class Captured(Protocol):
    """The properties of a captured frame that its delay depends on."""

    @property
    def pts(self) -> int:
        """Ticks of 1/90000 s."""
        ...

    @property
    def keyframe(self) -> bool:
        """True if every encoder makes it an IDR."""
        ...

    @property
    def captured_ns(self) -> int:
        """The time of capture, monotonic ns."""
        ...


Frame = TypeVar("Frame", bound=Captured)


@dataclass(frozen=True, slots=True)
class Offer(Generic[Frame]):
    """Requests that this frame be offered to the detector."""

    captured: Frame


class DelayLine(Generic[Frame]):
    """Delays answers, and refuses frames. Used by one thread."""

    def __init__(self) -> None:
        self.faults = NO_FAULTS
        self.counts: Counter[str] = Counter()
        self._plan: DelayPlan | None = None
        self._asked: dict[int, tuple[int, Delay]] = {}  # at the detector, by pts: start and delay
        self._held: deque[Answer] = deque()
        self._at_work: int | None = None
        self._waiting: Frame | None = None
        self._events: deque[Offer[Frame] | Answer] = deque()

    def inject(self, faults: Faults, now_ns: int) -> None:
        """Replace the faults; held results and the waiting frame go on at once."""
        self.faults = faults
        self._plan = DelayPlan(faults, now_ns) if faults.slow else None
        self._asked.clear()
        self._at_work = None
        self._events.extend(replace(answer, came_ns=now_ns) for answer in self._held)
        self._held.clear()
        self._admit_waiting(now_ns)

    def receive_frame(self, captured: Frame, now_ns: int) -> None:
        """Offer a frame to the detector, let it wait, or refuse it."""
        if self.faults.detector_dead:
            self._refuse(captured.pts, now_ns)
        elif self._at_work is None or self._is_forgotten(self._at_work, now_ns):
            self._begin(captured, now_ns)
        else:
            if self._waiting is not None:
                self._refuse(self._waiting.pts, now_ns)
            self._waiting = captured

    def receive_answer(self, answer: Answer) -> None:
        """Record the detector's answer for a frame, and hold it until it is due."""
        asked = self._asked.pop(answer.pts, None)
        if asked is None or answer.detections is None:
            self._answer(answer, answer.came_ns)
            return
        started_ns, delay = asked
        due_ns = delay.due_ns(started_ns, answer.came_ns)
        if self._held:
            due_ns = max(due_ns, self._held[-1].came_ns)
        delay.count(self.counts, due_ns - answer.came_ns)
        self._held.append(replace(answer, came_ns=due_ns))
        if len(self._held) > MAX_DELAYED:
            self._refuse(self._held.popleft().pts, answer.came_ns)
        self.handle_timer(answer.came_ns)

    def get_timer(self) -> int | None:
        """Return when the next held answer is due, monotonic ns, or None."""
        return self._held[0].came_ns if self._held else None

    def handle_timer(self, now_ns: int) -> None:
        """Release the answers that are due."""
        while self._held and self._held[0].came_ns <= now_ns:
            self._answer(self._held.popleft(), now_ns)

    def next_event(self) -> Offer[Frame] | Answer | None:
        """Return the next frame to offer or answer to pass on, or None."""
        return self._events.popleft() if self._events else None

    def _begin(self, captured: Frame, now_ns: int) -> None:
        self._events.append(Offer(captured))
        if self._plan is None:
            return
        delay = self._plan.receive_frame(now_ns, keyframe=captured.keyframe)
        started_ns = captured.captured_ns if self.faults.parallel else now_ns
        self._asked[captured.pts] = (started_ns, delay)
        if len(self._asked) > MAX_DELAYED:
            del self._asked[next(iter(self._asked))]
        if not self.faults.parallel:
            self._at_work = captured.pts

    def _is_forgotten(self, pts: int, now_ns: int) -> bool:
        return pts in self._asked and now_ns - self._asked[pts][0] > PATIENT_NS

    def _refuse(self, pts: int, now_ns: int) -> None:
        self.counts["injected_refusals"] += 1
        self._events.append(Answer(pts, None, now_ns))

    def _answer(self, answer: Answer, now_ns: int) -> None:
        self._events.append(answer)
        if answer.pts == self._at_work:
            self._at_work = None
            self._admit_waiting(now_ns)

    def _admit_waiting(self, now_ns: int) -> None:
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self.receive_frame(waiting, now_ns)
