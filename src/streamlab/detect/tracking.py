"""Carries boxes from the frame they were found on to later frames, by their motion.

The Kalman filter of each object (its centre has a velocity, its size is constant but for noise)
and the association of boxes with objects are kinematic-tracker's. Time steps are what the pts
say, so dropped frames, late results and variable rates need no special care.

Rules:

- what is carried forward are the boxes of the newest result, each moved by its own velocity;
  an object that the newest result misses is not drawn, but keeps its id for ``max_age_ms``;
- an object has an id from its first box on, and stands still until it is found again;
- boxes carried out of the picture are not clipped.
"""

from __future__ import annotations

import copy
import sys
from collections import deque
from dataclasses import replace
from functools import cache
from typing import cast

import numpy as np
import supervision as sv
from kinematic_tracker import NdKkfTracker
from kinematic_tracker.tracker.track import NdKkfTrack
from numpy.typing import NDArray

from streamlab.core.timebase import TIMESCALE, ms_to_pts, pts_to_ns
from streamlab.detect.process_noise import BoxFilters

Boxes = NDArray[np.float64]

# What a filter begins with, for pictures about 640 px wide; a half or the double changes little.
# How steady an object's motion is the library learns from the object itself.
DETECTION_STD_PX = 3.0
FIRST_VELOCITY_STD_PX_S = 150.0
# A box may belong to an object when (GIoU + 1) / 2 is above this, so they need not overlap.
MIN_MATCH = 0.42
MIN_SIDE_PX = 1.0
MAX_PX = 1e6
MAX_UNREAD = 8  # enough to know a velocity by
FIRST_PAIRS = 1024  # of boxes and objects that may belong together


class BoxTracker:
    """Gives ids to results, which come in order of pts, and boxes to the frames between them."""

    def __init__(self, *, max_age_ms: float = 1000.0) -> None:
        """``max_age_ms`` bounds how long boxes are carried, and how long an id outlives misses."""
        self.pts: int | None = None
        """The pts of the newest result."""
        self._max_age = ms_to_pts(max_age_ms)
        self._filters = _make_filters()
        self._seen_pts: dict[int, int] = {}  # by creation id
        self._brings_ids = False
        self._newest = sv.Detections.empty()
        self._unread: deque[tuple[int, sv.Detections]] = deque(maxlen=MAX_UNREAD)
        self._velocity: Boxes = np.empty((0, 4))  # px per tick, of each number of xyxy

    def receive_detections(self, pts: int, detections: sv.Detections) -> sv.Detections:
        """Take the result of the frame of this pts; return its own boxes, with track ids.

        A detector that brings ``tracker_id`` keeps its ids, and is followed by them. Boxes that
        are not finite, or farther out than ``MAX_PX``, are left out. Raises ValueError when the
        result is not newer than the one before.
        """
        if self.pts is not None and pts <= self.pts:
            raise ValueError(f"results must come in order of pts, got {pts} after {self.pts}")
        within = (np.abs(detections.xyxy) < MAX_PX).all(axis=1)
        found = detections if within.all() else cast(sv.Detections, detections[within])
        if found.tracker_id is None:
            found = replace(found)  # it will be given ids, and the caller's own is not ours
        self.pts = pts
        self._unread.append((pts, found))
        if found.tracker_id is None:
            self._read()
        return found

    def predict(self, pts: int) -> sv.Detections:
        """Return the boxes of the newest result as they will be at ``pts``, which is later.

        Empty before the first result, and when the newest one is older than ``max_age_ms``.
        """
        self._read()
        if self.pts is None or pts - self.pts > self._max_age:
            return sv.Detections.empty()
        xyxy = self._newest.xyxy + self._velocity * (pts - self.pts)
        return replace(self._newest, xyxy=xyxy.astype(np.float32), mask=None)

    def _read(self) -> None:
        """Learn from the results that came; those with ids of their own wait until needed."""
        while self._unread:
            pts, found = self._unread.popleft()
            self._forget_old(pts)
            tracks = self._follow(pts, found)
            self._velocity = _velocities(tracks) / TIMESCALE
            if found.tracker_id is None:
                found.tracker_id = np.array([track.creation_id + 1 for track in tracks], np.int64)
            self._seen_pts.update((track.creation_id, pts) for track in tracks)
            self._newest = found

    def _forget_old(self, pts: int) -> None:
        oldest = pts - self._max_age
        self._seen_pts = {key: seen for key, seen in self._seen_pts.items() if seen >= oldest}
        tracks = self._filters.tracks_c[0]
        tracks[:] = [track for track in tracks if track.creation_id in self._seen_pts]

    def _follow(self, pts: int, found: sv.Detections) -> list[NdKkfTrack]:
        """Correct the filters with what was found; return the track of each box."""
        brings_ids = found.tracker_id is not None
        if len(found) and brings_ids is not self._brings_ids:
            self._brings_ids = brings_ids
            self._filters.clear_tracks()
        boxes = _centres_and_sizes(found.xyxy)
        if found.tracker_id is not None:
            return self._follow_ids(pts, boxes, found.tracker_id.tolist())
        self._filters.advance(pts_to_ns(pts), boxes, np.arange(len(boxes)))
        by_row = {track.upd_id: track for track in self._filters.tracks_c[0]}
        return [by_row[row] for row in range(len(boxes))]

    def _follow_ids(self, pts: int, boxes: Boxes, ids: list[int | None]) -> list[NdKkfTrack]:
        self._filters.predict_all(pts_to_ns(pts))
        known = {track.ann_id: track for track in self._filters.tracks_c[0]}
        tracks = []
        for box, number in zip(boxes, ids, strict=True):
            track = known.pop(number, None)
            if track is not None:
                track.kkf.correct(box)
            else:
                track = self._filters.get_track(box, number)
                if number is not None and number >= 0:  # others are boxes without identity
                    self._filters.tracks_c[0].append(track)
            tracks.append(track)
        return tracks


def _make_filters() -> NdKkfTracker:
    """Return filters of ``x, vx, y, vy, width, height``, measured as ``x, y, width, height``."""
    return copy.deepcopy(_pattern())


@cache
def _pattern() -> NdKkfTracker:
    # The library takes room for a thousand objects, 10 MB, when filters are made. Copies of these
    # begin with room for a few, and grow.
    filters = _new_filters()
    associating = filters.metric_driver, filters.metric_driver.aux, filters.match_driver
    for part in associating:
        for name, buffer in vars(part).items():
            if hasattr(buffer, "get_it"):
                setattr(part, name, type(buffer)(FIRST_PAIRS, buffer.dtype, "2x"))
    return filters


def _new_filters() -> NdKkfTracker:
    # Orders are numbers of derivatives: 2 for the centre (place, velocity), 1 for the size.
    filters = BoxFilters([2, 1], [2, 2])
    for part in (0, 1):
        filters.set_measurement_std_dev(part, DETECTION_STD_PX)
    filters.ini_der_vars[:] = FIRST_VELOCITY_STD_PX_S**2
    filters.set_association_metric("giou-axes-aligned")
    filters.set_association_method("hungarian")
    filters.set_association_threshold(MIN_MATCH)
    filters.num_misses_max = sys.maxsize  # age decides, not a number of results
    # The parts of a state never change; finding them anew for each track took a fifth of its time.
    kinematics = filters.gen_xz.gen_x
    parts = tuple(tuple(map(int, part)) for part in kinematics.gen_loop())
    kinematics.gen_loop = lambda: parts
    return filters


def _centres_and_sizes(xyxy: NDArray[np.number]) -> Boxes:
    upper_left, lower_right = np.hsplit(xyxy.astype(np.float64), 2)
    sizes = np.maximum(lower_right - upper_left, MIN_SIDE_PX)
    return np.hstack([(upper_left + lower_right) / 2, sizes])


def _velocities(tracks: list[NdKkfTrack]) -> Boxes:
    """Return ``vx, vy, vx, vy`` of each track, px/s: how its ``xyxy`` moves."""
    states = [track.kkf.kalman_filter.statePost[:, 0] for track in tracks]
    return np.array(states).reshape(-1, 6)[:, [1, 3, 1, 3]]
