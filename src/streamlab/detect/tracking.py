"""Tracks objects and predicts their boxes in frames after the one in which they were found.

The annotated channel and the offline analysis that evaluates it share ``BoxCarrier``, so that a
simulated frame shows what a live one would.

Each object has a Kalman filter: its centre has a velocity, its size is constant except for noise.
Time steps come from the PTS, so dropped frames, late results and variable frame rates need no
special handling.

Rules:

- only the boxes of the newest result are predicted, each by its own velocity; an object missing
  from the newest result is not drawn, but keeps its id for ``max_age_ms``;
- an object has an id from its first box on, and stands still until it is found again;
- at most ``MAX_OBJECTS`` objects, the most recently seen, are kept from one result to the next;
- ``BoxTracker`` does not clip boxes that move out of the picture; ``BoxCarrier`` does.
"""

from __future__ import annotations

import copy
from collections import deque
from typing import cast

import numpy as np
import supervision as sv

from streamlab.core.sync.box_queue import FrameBoxes
from streamlab.core.time.timebase import TIMESCALE, ms_to_pts
from streamlab.detect.box_filters import Array, BoxFilters
from streamlab.detect.result import FrameDetections, Result

MIN_SIDE_PX = 1.0
MAX_PX = 1e6
MAX_UNREAD = 8  # enough to estimate a velocity
MAX_OBJECTS = 512
_CENTRES_AND_SIZES = np.array([[0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5], [-1, 0, 1, 0], [0, -1, 0, 1]])


class BoxTracker:
    """Assigns track ids to results, received in order of PTS, and predicts boxes between them."""

    def __init__(self, *, max_age_ms: float = 1000.0) -> None:
        """``max_age_ms`` limits how long boxes are predicted and how long an id survives misses."""
        self.pts: int | None = None
        """The PTS of the newest result; None before the first."""
        self._max_age = ms_to_pts(max_age_ms)
        self._filters = BoxFilters()
        self._objects = np.empty((2, 0), np.int64)  # id and PTS last seen, per filter
        self._next_id = 1
        self._brings_ids = False
        self._newest, self._newest_pts = Result(sv.Detections.empty()), 0
        self._velocity: Array = np.empty((0, 4))  # of each coordinate of xyxy, px per tick
        self._unread: deque[tuple[int, Result]] = deque(maxlen=MAX_UNREAD)

    def receive_detections(self, pts: int, detections: sv.Detections) -> FrameDetections:
        """Receive the result for the frame at ``pts``; return its boxes with track ids.

        If the detector supplies ``tracker_id``, objects are tracked by those ids. Boxes that are
        not finite, or farther out than ``MAX_PX``, are dropped. Raises ValueError if the result
        is not newer than the previous one.
        """
        if self.pts is not None and pts <= self.pts:
            raise ValueError(f"results must come in order of pts, got {pts} after {self.pts}")
        within = np.abs(detections.xyxy) < MAX_PX
        if within.all():
            found = copy.copy(detections)  # ids are added to the copy, not to the caller's
        else:
            found = cast(sv.Detections, detections[within.all(axis=1)])
        self.pts, result = pts, Result(found)
        self._unread.append((pts, result))
        if found.tracker_id is None:
            self._read()
        return FrameDetections(result, result.xyxy)

    def predict(self, pts: int) -> FrameDetections:
        """Return the boxes of the newest result, predicted to a later ``pts``.

        Empty before the first result, and if the newest one is older than ``max_age_ms``.
        """
        self._read()
        if self.pts is None or pts - self.pts > self._max_age:
            return FrameDetections.as_found(sv.Detections.empty())
        xyxy = self._newest.xyxy + self._velocity * (pts - self.pts)
        return FrameDetections(self._newest, xyxy.astype(np.float32).astype(np.float64))

    def _read(self) -> None:
        """Apply the pending results to the filters; those with track ids wait until needed."""
        while self._unread:
            pts, result = self._unread.popleft()
            self._advance(pts, result.detections)
            velocity = self._follow(pts, result)
            self._velocity = np.concatenate((velocity, velocity)).T / TIMESCALE
            self._newest, self._newest_pts = result, pts

    def _advance(self, pts: int, found: sv.Detections) -> None:
        """Drop old objects, or all if the source of ids has changed; predict the others."""
        ids, seen_pts = self._objects
        # A box with a negative id has no identity and is never matched again.
        kept = (seen_pts >= pts - self._max_age) & (ids >= 0)
        if (excess := len(ids) - MAX_OBJECTS) > 0:
            kept[np.argsort(seen_pts, kind="stable")[:excess]] = False
        brings_ids = found.tracker_id is not None
        if len(found) and brings_ids is not self._brings_ids:
            self._brings_ids, kept[:] = brings_ids, False
        if not kept.all():
            self._objects = self._objects[:, kept]
            self._filters.keep(kept)
        if kept.any():
            self._filters.predict((pts - self._newest_pts) / TIMESCALE)

    def _follow(self, pts: int, result: Result) -> Array:
        """Correct the filters with a result, whose boxes get ids; return ``vx, vy``, px/s."""
        found = result.detections
        boxes = _CENTRES_AND_SIZES @ result.xyxy.T
        np.maximum(boxes[2:], MIN_SIDE_PX, out=boxes[2:])
        brought = found.tracker_id
        if brought is None:
            objects = self._filters.associate(boxes, found.confidence)
        else:
            known = {id_: index for index, id_ in enumerate(self._objects[0].tolist())}
            objects = np.array([known.pop(id_, -1) for id_ in brought.tolist()], np.intp)
        new = (objects < 0).nonzero()[0]
        if new.size:
            ids = self._next_id + np.arange(new.size) if brought is None else brought[new]
            self._next_id += new.size
            objects[new] = self._objects.shape[1] + np.arange(new.size)
            added = np.array((ids, ids)).astype(np.int64)
            self._objects = np.concatenate((self._objects, added), axis=1)
            self._filters.add(boxes[:, new])
        self._objects[1, objects] = pts
        if brought is None:
            found.tracker_id = self._objects[0, objects]
        return self._filters.correct(objects, boxes)


class BoxCarrier:
    """Turns a box assignment into detections: fresh ones as they are, stale ones predicted.

    Stale detections are predicted to the frame's PTS. Frames must come in order of PTS.
    """

    def __init__(self) -> None:
        self._tracker = BoxTracker()

    def boxes_on(
        self, event: FrameBoxes[sv.Detections], width: int, height: int
    ) -> FrameDetections | None:
        """Return what to draw on a picture of ``width`` x ``height`` px; None before any result.

        Each result corrects the tracker once, even if it came late. Predicted boxes are clipped
        to the picture, and those that have left it are dropped.
        """
        if event.detections is None or event.detections_pts is None:
            return None
        if event.detections_pts != self._tracker.pts:
            found = self._tracker.receive_detections(event.detections_pts, event.detections)
            if event.fresh:
                return found
        carried = self._tracker.predict(event.pts)
        xyxy = carried.xyxy
        np.maximum(xyxy, 0, out=xyxy)
        np.minimum(xyxy, (width, height) * 2, out=xyxy)
        seen = xyxy[:, 2:] - xyxy[:, :2] >= MIN_SIDE_PX
        if not seen.all():
            carried.rows = np.flatnonzero(seen.all(axis=1))
            carried.xyxy = xyxy[carried.rows]
        return carried
