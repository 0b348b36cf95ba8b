"""A camera on virtual time: detectors, box queues and encoders round the real controller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappop, heappush

from streamlab.core.channels import ChannelKey, QualityLevel
from streamlab.core.events import Sync
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment
from streamlab.core.sync.box_queue import BoxQueue, FrameBoxes
from streamlab.core.sync.controller import SyncController
from streamlab.core.sync.events import BoxDeadline, Release
from streamlab.core.sync.rule import PATIENT_NS
from tests.core.makers import ANNOTATED, FRAME, RAW

RAW_COST_NS = 2_000_000
Work = tuple[int | None, int]
"""What a channel has to do for a frame, ns: the lag of its detections, if any come, and drawing."""


class VirtualCamera:
    """Every timer is on time, and encoders take one frame at a time."""

    def __init__(self, controller: SyncController, *, max_frames: int = 64) -> None:
        self.controller = controller
        self.queues: dict[str, BoxQueue[int]] = {}
        """What waits for boxes, by annotated channel."""
        self.ready_ns: dict[str, dict[int, int]] = {RAW.channel: {}}
        self.left_ns: dict[str, dict[int, int]] = {RAW.channel: {}}
        """When each frame left, by channel and number, in order of leaving."""
        self.silent: set[str] = set()
        """Channels whose encoders give nothing."""
        self.deadlines: list[BoxDeadline] = []
        self.reports: list[Sync] = []
        self.now_ns = 0
        self._max_frames = max_frames
        self._captured_ns: dict[int, int] = {}
        self._work: dict[int, Mapping[str, Work]] = {}
        self._free_ns: dict[str, int] = {}
        self._planned: list[tuple[int, int, Callable[[], None]]] = []
        self._plans = 0
        for name in controller.annotated:
            self._join(name)

    @property
    def boxes(self) -> BoxQueue[int]:
        """What waits for boxes in the first annotated channel."""
        return self.queues[ANNOTATED.channel]

    def plan(self, at_ns: int, do: Callable[[], None]) -> None:
        """Do this at that time; what is planned for one moment is done in order of planning."""
        self._plans += 1
        heappush(self._planned, (at_ns, self._plans, do))

    def capture(self, number: int, at_ns: int, lag_ns: int | None, cost_ns: int) -> None:
        """Plan a frame; its detections come after the lag, or never."""
        self.capture_for(number, at_ns, {ANNOTATED.channel: (lag_ns, cost_ns)})

    def capture_for(self, number: int, at_ns: int, work: Mapping[str, Work]) -> None:
        """Plan a frame with what each annotated channel has to do for it."""

        def begin() -> None:
            self._captured_ns[number], self._work[number] = at_ns, work
            for queue in self.queues.values():
                queue.receive_frame(number * FRAME, at_ns)
            self._encode(RAW.channel, number, RAW_COST_NS, None)

        self.plan(at_ns, begin)
        for name, (lag_ns, _) in work.items():
            self._plan_answer(name, number, at_ns, lag_ns)

    def add(self, name: str) -> None:
        """Let a channel join."""
        self.controller.add_channel(name)
        self._join(name)

    def remove(self, name: str) -> None:
        """Let a channel go; its encoder may still give what it has begun."""
        self.controller.remove_channel(name)
        del self.queues[name]

    def run(self) -> None:
        """Go on until nothing is planned and nobody waits."""
        while self._planned or self.controller.waiting or self._boxes_due_ns() is not None:
            timers = (self.controller.get_timer(), self._boxes_due_ns())
            due_ns = min(timer_ns for timer_ns in timers if timer_ns is not None)
            if self._planned and self._planned[0][0] <= due_ns:
                self.now_ns, _, do = heappop(self._planned)
                do()
            else:
                self.now_ns = max(self.now_ns, due_ns)
                for queue in self.queues.values():
                    queue.handle_timer(self.now_ns)
                self.controller.handle_timer(self.now_ns)
            self._settle()

    def drift_ms(self, number: int, channel: str = ANNOTATED.channel) -> float:
        """Return how far apart two pictures of a frame left."""
        return (self.left_ns[channel][number] - self.left_ns[RAW.channel][number]) / 1e6

    def _join(self, name: str) -> None:
        self.queues[name] = BoxQueue(deadline_ns=PATIENT_NS, max_frames=self._max_frames)
        self.ready_ns.setdefault(name, {})
        self.left_ns.setdefault(name, {})

    def _plan_answer(self, name: str, number: int, at_ns: int, lag_ns: int | None) -> None:
        def answer() -> None:
            self.controller.receive_lag(name, number * FRAME, lag_ns, self.now_ns)
            queue = self.queues.get(name)
            if queue is None:
                return
            if lag_ns is None:
                queue.receive_refusal(number * FRAME)
            else:
                queue.receive_detections(number * FRAME, number)

        self.plan(at_ns + (lag_ns or 0), answer)

    def _boxes_due_ns(self) -> int | None:
        timers = (queue.get_timer() for queue in self.queues.values())
        return min((timer_ns for timer_ns in timers if timer_ns is not None), default=None)

    def _settle(self) -> None:
        while (event := self.controller.next_event()) is not None:
            if isinstance(event, Release):
                left = self.left_ns[event.fragment.key.channel]
                assert event.fragment.sequence not in left, "a frame left twice"
                left[event.fragment.sequence] = self.now_ns
            elif isinstance(event, BoxDeadline):
                self.deadlines.append(event)
                if event.channel in self.queues:
                    self.queues[event.channel].request_deadline(event.deadline_ns, self.now_ns)
            else:
                self.reports.append(event)
        for name, queue in self.queues.items():
            while (frame := queue.next_event()) is not None:
                self._draw(name, frame)

    def _draw(self, name: str, frame: FrameBoxes[int]) -> None:
        number = frame.pts // FRAME
        decided_ns = self.now_ns if frame.due_ns is None else frame.due_ns
        boxes = Boxes(frame.detections_pts, [], decided_ns)
        if name not in self.silent:
            self._encode(name, number, self._work[number][name][1], boxes)

    def _encode(self, channel: str, number: int, cost_ns: int, boxes: Boxes | None) -> None:
        ready_ns = max(self.now_ns, self._free_ns.get(channel, 0)) + cost_ns
        self._free_ns[channel] = self.ready_ns[channel][number] = ready_ns
        captured_ns = self._captured_ns[number]
        frame = EncodedFrame(number * FRAME, FRAME, True, 0, captured_ns, 0.0, ready_ns, boxes)
        key = ChannelKey(channel, QualityLevel.MEDIUM)
        fragment = Fragment(key, number, "", (frame,), b"")
        self.plan(ready_ns, lambda: self.controller.receive_fragment(fragment, ready_ns))
