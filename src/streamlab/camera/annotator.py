"""The stages that produce a camera's channels.

An annotated frame gets its detections, and is copied and drawn on. Both are encoded.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

import supervision as sv

from streamlab.camera.channel_encoder import ChannelEncoder
from streamlab.camera.detection import DetectionClient, DetectionService
from streamlab.camera.frame import CapturedFrame, DetectionTimed
from streamlab.camera.frame_memory import frames_that_wait
from streamlab.camera.redaction import NOT_DRAWN, RedactionGate, withheld_picture
from streamlab.camera.worker import HANG_NS, Worker
from streamlab.camera.worker_pool import WorkerPool
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.health import OK, HealthRecord, PartHealth
from streamlab.core.mp4.fragment import Boxes
from streamlab.core.sync.box_queue import BoxQueue, FrameBoxes
from streamlab.core.sync.rule import PATIENT_NS
from streamlab.detect.answer import Answer
from streamlab.detect.draw import is_box_renderer, render
from streamlab.detect.filter import EVERYTHING, DetectionOptions
from streamlab.detect.render import Renderer, redacts
from streamlab.detect.result import FrameDetections
from streamlab.detect.text import error_text
from streamlab.detect.tracking import BoxCarrier
from streamlab.media.picture import Picture
from streamlab.media.synthetic_source import mark_annotated

log = logging.getLogger(__name__)
MAX_WAITING_FRAMES = 64
MAX_AT_DETECTOR = 256
MAX_REDACTION_AGE_MS = 200.0


class Annotator(Worker[CapturedFrame | Answer]):
    """Draws detections on every frame of an annotated channel, in order, and encodes it.

    A frame with a result of its own shows that result. Any other frame shows the newest result,
    with its boxes predicted to the frame's pts and clipped to the picture. If the renderer
    redacts, a frame that it cannot be relied on for is replaced by a grey one.
    """

    def __init__(
        self,
        camera_id: str,
        encoder: ChannelEncoder,
        service: DetectionService,
        renderer: Renderer,
        *,
        emit: Callable[[DetectionTimed], None],
        reserved_rows: int = 0,
        pool: WorkerPool | None = None,
        options: DetectionOptions = EVERYTHING,
        max_redaction_age_ms: float = MAX_REDACTION_AGE_MS,
    ) -> None:
        super().__init__(f"annotate-{camera_id}", 4 * MAX_WAITING_FRAMES, pool)
        self.encoder = encoder
        self.renderer = renderer
        self._drawing = HealthRecord(HANG_NS)
        self._native = encoder.native.section("draw")
        self.boxes: BoxQueue[sv.Detections] = BoxQueue(
            deadline_ns=PATIENT_NS, max_frames=MAX_WAITING_FRAMES
        )
        self._box_deadline_ns = PATIENT_NS
        self._emit = emit
        self._carrier = BoxCarrier()
        self._gate = RedactionGate(max_redaction_age_ms)
        self._canvas: Picture | None = None  # drawn on and encoded; its memory is reused
        self.service = service
        """The detection service that gets the next frame."""
        self._service = service  # the one that got the last frame
        self.reserved_rows = reserved_rows
        """Rows at the top that must not be drawn over, px."""
        self._client = DetectionClient(
            receive_detections=self._report,
            receive_refusal=lambda pts: self._report(pts, None),
            options=options,
        )
        # Replaced while faults are injected.
        self.ask: Callable[[CapturedFrame], CapturedFrame | None] = self._ask
        self.receive_answer: Callable[[Answer], None] = self._post
        self.encode: Callable[[CapturedFrame, Picture, Boxes | None], None] = encoder.encode
        self._waiting: dict[int, CapturedFrame] = {}
        self._undrawn: deque[FrameBoxes[sv.Detections]] = deque()
        self._captured_ns: dict[int, int] = {}  # of frames the detector has not answered yet

    @property
    def renderer_health(self) -> PartHealth:
        """The current health of the renderer. Thread-safe."""
        return self._drawing.at(monotonic_ns())

    @property
    def health(self) -> PartHealth:
        """The current health of the stage; a renderer that hangs is reported by itself."""
        return OK if self._drawing.hangs(monotonic_ns()) else super().health

    def is_full(self) -> bool:
        """Return True if no more frames can wait for their detections."""
        return super().is_full() or len(self._waiting) >= MAX_WAITING_FRAMES

    def has_items(self) -> bool:
        """Return True while frames wait, also for their detections."""
        return super().has_items() or bool(self._waiting)

    def restarts_with(self, item: CapturedFrame | Answer) -> bool:
        """Return True for a keyframe: encoders start there."""
        return isinstance(item, CapturedFrame) and item.keyframe

    def reset(self) -> None:
        """Drop the frames that wait and all that is known of earlier detections."""
        counts, deadline_ns = self.boxes.counts, self.boxes.deadline_ns
        self.boxes = BoxQueue(deadline_ns=deadline_ns, max_frames=MAX_WAITING_FRAMES)
        self.boxes.counts = counts
        self._carrier, self._canvas = BoxCarrier(), None
        for pending in (self._waiting, self._undrawn, self._captured_ns):
            pending.clear()
        self.encoder.reset()

    def stop(self) -> None:
        """Withdraw from the detector and stop after the current item."""
        self._service.withdraw(self._client)
        super().stop()

    def request_box_deadline(self, deadline_ns: int) -> None:
        """Set the box deadline, ns after capture; a frame past it is drawn stale. Thread-safe."""
        self._box_deadline_ns = deadline_ns
        self.nudge()

    def request_service(self, service: DetectionService) -> None:
        """Use another detection service from the next frame on. Thread-safe."""
        self.service = service

    def request_renderer(self, renderer: Renderer, pool: WorkerPool) -> None:
        """Draw with another renderer in another pool, from the next frame on. Thread-safe."""
        hangs = self._drawing.hangs(monotonic_ns())
        self.request_pool(pool)  # first: see ``work_on``
        self.renderer, self._drawing = renderer, HealthRecord(HANG_NS)
        if hangs:
            self.abandon()

    def get_timer(self) -> int | None:
        """Return the box deadline of the oldest waiting frame, monotonic ns, or None."""
        if self.boxes.deadline_ns != self._box_deadline_ns:
            return 0  # the deadline was changed: apply it at once
        return self.boxes.get_timer()

    def handle_timer(self, now_ns: int) -> None:
        """Apply a changed box deadline, and release the frames that are past theirs."""
        if self.boxes.deadline_ns != self._box_deadline_ns:
            self.boxes.request_deadline(self._box_deadline_ns, now_ns)
        self.boxes.handle_timer(now_ns)
        self._process_events()

    def handle(self, item: CapturedFrame | Answer) -> None:
        """Process a captured frame, or the detector's answer for one."""
        if isinstance(item, CapturedFrame):
            service = self.service
            if service is not self._service:
                self._gate.request_restart(item.pts)
                self._adopt(service)
            self._waiting[item.pts] = item
            self.boxes.max_frames = frames_that_wait(item.picture, MAX_WAITING_FRAMES)
            self._captured_ns[item.pts] = item.captured_ns
            if len(self._captured_ns) > MAX_AT_DETECTOR:
                del self._captured_ns[next(iter(self._captured_ns))]
            self.boxes.receive_frame(item.pts, item.captured_ns)  # its deadline counts from here
            refused = self.ask(item)
            if refused is not None:
                self._take(Answer(refused.pts, None, monotonic_ns()))
        else:
            self._take(item)
        self._process_events()

    def _adopt(self, service: DetectionService) -> None:
        left = self._service.withdraw(self._client)
        self._service = service
        if left is not None:
            self._report(left.pts, None)

    def _ask(self, captured: CapturedFrame) -> CapturedFrame | None:
        return self._service.offer(self._client, captured)

    def _report(self, pts: int, found: sv.Detections | None) -> None:
        self.receive_answer(Answer(pts, found, monotonic_ns()))

    def _process_events(self) -> None:
        while (event := self.boxes.next_event()) is not None:
            self._undrawn.append(event)

    def has_work(self) -> bool:
        """Return True while frames wait to be drawn."""
        return bool(self._undrawn)

    def work_on(self) -> None:
        """Draw and encode one frame; a user's renderer, which may hang, in its own pool only."""
        renderer = self.renderer  # read before the pool, which is set first
        if self.is_in_its_pool:
            event = self._undrawn.popleft()
            self._draw(renderer, self._waiting.pop(event.pts), event)

    def _take(self, answer: Answer) -> None:
        if answer.detections is None:
            self._report_lag(answer.pts, None)
            self.boxes.receive_refusal(answer.pts)
        else:
            self._report_lag(answer.pts, answer.came_ns)
            self.boxes.receive_detections(answer.pts, answer.detections)

    def _post(self, item: Answer) -> None:
        # A full mailbox drops the result; the frame then leaves at its box deadline.
        if not self.offer(item):
            self.boxes.counts["result_dropped"] += 1

    def _report_lag(self, pts: int, came_ns: int | None) -> None:
        captured_ns = self._captured_ns.pop(pts, None)
        if captured_ns is not None:
            self._emit(DetectionTimed(self.encoder.channel, pts, came_ns and came_ns - captured_ns))

    def _draw(
        self, renderer: Renderer, captured: CapturedFrame, event: FrameBoxes[sv.Detections]
    ) -> None:
        decided_ns = monotonic_ns() if event.due_ns is None else event.due_ns
        picture, rows, found_pts = captured.picture, [], event.detections_pts
        boxes = self._carrier.boxes_on(event, picture.width, picture.height)
        run = self._run  # another thread may change it
        # A user's renderer may keep the picture, and may draw more than boxes.
        ours, redacting, why = is_box_renderer(renderer), redacts(renderer), ""
        if redacting:
            why = self._gate.reason_to_withhold(event, picture, self._service.detector)
        if why or (ours and not redacting and boxes is not None and not len(boxes)):
            boxes = None
        if boxes is not None or self.reserved_rows:  # raw encodes the captured one
            picture = picture.copy(self._canvas if ours else None)
            self._canvas = picture if ours else None
        if boxes is not None and self._render(renderer, picture, boxes, stale=not event.fresh):
            rows = boxes.wire_rows()
        elif redacting:
            has_strip = bool(self.reserved_rows)
            picture = withheld_picture(captured.picture, why or NOT_DRAWN, has_strip=has_strip)
            found_pts = None
            self.boxes.counts["withheld"] += 1
        if run != self._run:  # abandoned while it drew
            return
        if self.reserved_rows:
            mark_annotated(picture)
        self.encode(captured, picture, Boxes(found_pts, rows, decided_ns, redacting))

    def _render(
        self, renderer: Renderer, picture: Picture, boxes: FrameDetections, *, stale: bool
    ) -> bool:
        """Draw the boxes; return False if the renderer failed."""
        # Only the strip is needed of what is reserved: the rest may show an object.
        top_px = self.reserved_rows // 2 if redacts(renderer) else self.reserved_rows
        record = self._drawing
        record.receive_start(monotonic_ns())
        try:
            with self._native:
                render(renderer, picture, boxes, top_px=top_px, stale=stale)
        except BaseException as error:  # a user's renderer: the picture is sent without boxes
            now_ns = monotonic_ns()
            record.receive_end(now_ns)
            if record.at(now_ns).state != "failing":
                log.exception("%s cannot draw", self.name)
            record.receive_failure(error_text(error), 1, now_ns, wall_s())
            self.boxes.counts["render_failed"] += 1
            return False
        record.receive_end(monotonic_ns())
        record.receive_success()
        return True


class RawEncoder(Worker[CapturedFrame]):
    """Encodes the raw channel."""

    def __init__(
        self, camera_id: str, encoder: ChannelEncoder, pool: WorkerPool | None = None
    ) -> None:
        super().__init__(f"encode-{camera_id}", MAX_WAITING_FRAMES, pool)
        self.encoder = encoder
        self.encode: Callable[[CapturedFrame, Picture, None], None] = encoder.encode
        """Replaced while faults are injected."""

    def handle(self, item: CapturedFrame) -> None:
        """Encode a captured picture."""
        self.encode(item, item.picture, None)

    def restarts_with(self, item: CapturedFrame) -> bool:
        """Return True for a keyframe: encoders start there."""
        return item.keyframe

    def reset(self) -> None:
        """Stop the encoders."""
        self.encoder.reset()
