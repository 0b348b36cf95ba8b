"""A camera on virtual time: a detector, a box queue and two encoders round the real controller."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from streamlab.core.box_queue import BoxQueue, FrameBoxes
from streamlab.core.channels import ChannelType
from streamlab.core.events import Sync
from streamlab.core.fragment import Boxes, EncodedFrame, Fragment
from streamlab.core.playout import PATIENT_NS
from streamlab.core.sync import SyncController
from streamlab.core.sync_events import BoxDeadline, Release
from tests.core.makers import ANNOTATED, FRAME, RAW

RAW_COST_NS = 2_000_000


class VirtualCamera:
    """Every timer is on time, and encoders take one frame at a time."""

    def __init__(self, controller: SyncController, *, max_frames: int = 64) -> None:
        self.controller = controller
        self.boxes: BoxQueue[int] = BoxQueue(deadline_ns=PATIENT_NS, max_frames=max_frames)
        self.ready_ns: dict[ChannelType, dict[int, int]] = {channel: {} for channel in ChannelType}
        self.left_ns: dict[ChannelType, dict[int, int]] = {channel: {} for channel in ChannelType}
        """When each frame left, by number, in order of leaving."""
        self.reports: list[Sync] = []
        self.now_ns = 0
        self._captured_ns: dict[int, int] = {}
        self._costs_ns: dict[int, int] = {}
        self._free_ns = dict.fromkeys(ChannelType, 0)
        self._planned: list[tuple[int, int, Callable[[], None]]] = []
        self._plans = 0

    def plan(self, at_ns: int, do: Callable[[], None]) -> None:
        """Do this at that time; what is planned for one moment is done in order of planning."""
        self._plans += 1
        heappush(self._planned, (at_ns, self._plans, do))

    def capture(self, number: int, at_ns: int, lag_ns: int | None, cost_ns: int) -> None:
        """Plan a frame; its detections come after the lag, or never."""

        def begin() -> None:
            self._captured_ns[number], self._costs_ns[number] = at_ns, cost_ns
            self.boxes.receive_frame(number * FRAME, at_ns)
            self._encode(ChannelType.RAW, number, RAW_COST_NS, None)

        def answer() -> None:
            self.controller.receive_lag(ANNOTATED.channel, number * FRAME, lag_ns, self.now_ns)
            if lag_ns is None:
                self.boxes.receive_refusal(number * FRAME)
            else:
                self.boxes.receive_detections(number * FRAME, number)

        self.plan(at_ns, begin)
        self.plan(at_ns + (lag_ns or 0), answer)

    def run(self) -> None:
        """Go on until nothing is planned and nobody waits."""
        while self._planned or self.controller.waiting or self.boxes.get_timer() is not None:
            timers = (self.controller.get_timer(), self.boxes.get_timer())
            due_ns = min(timer_ns for timer_ns in timers if timer_ns is not None)
            if self._planned and self._planned[0][0] <= due_ns:
                self.now_ns, _, do = heappop(self._planned)
                do()
            else:
                self.now_ns = max(self.now_ns, due_ns)
                self.boxes.handle_timer(self.now_ns)
                self.controller.handle_timer(self.now_ns)
            self._settle()

    def drift_ms(self, number: int) -> float:
        """Return how far apart the two pictures of a frame left."""
        raw, annotated = self.left_ns.values()
        return (annotated[number] - raw[number]) / 1e6

    def _settle(self) -> None:
        while (event := self.controller.next_event()) is not None:
            if isinstance(event, Release):
                left = self.left_ns[event.fragment.key.channel]
                assert event.fragment.sequence not in left, "a frame left twice"
                left[event.fragment.sequence] = self.now_ns
            elif isinstance(event, BoxDeadline):
                self.boxes.request_deadline(event.deadline_ns, self.now_ns)
            else:
                self.reports.append(event)
        while (frame := self.boxes.next_event()) is not None:
            self._draw(frame)

    def _draw(self, frame: FrameBoxes[int]) -> None:
        number = frame.pts // FRAME
        decided_ns = self.now_ns if frame.due_ns is None else frame.due_ns
        boxes = Boxes(frame.detections_pts, [], decided_ns)
        self._encode(ChannelType.ANNOTATED, number, self._costs_ns[number], boxes)

    def _encode(self, channel: ChannelType, number: int, cost_ns: int, boxes: Boxes | None) -> None:
        ready_ns = max(self.now_ns, self._free_ns[channel]) + cost_ns
        self._free_ns[channel] = self.ready_ns[channel][number] = ready_ns
        captured_ns = self._captured_ns[number]
        frame = EncodedFrame(number * FRAME, FRAME, True, 0, captured_ns, 0.0, ready_ns, boxes)
        key = RAW if channel is ChannelType.RAW else ANNOTATED
        fragment = Fragment(key, number, "", (frame,), b"")
        self.plan(ready_ns, lambda: self.controller.receive_fragment(fragment, ready_ns))
