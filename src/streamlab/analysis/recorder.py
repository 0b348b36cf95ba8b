"""Follows a running camera and keeps one row per captured frame, for a trace table.

Rules:

- a frame belongs to the trace if it was captured between the start and the stop;
- its times are those of its first fragment in each channel, whatever the quality;
- a row is written once the frame was released in both channels and its detector has answered,
  or when ``MAX_OPEN_FRAMES`` newer frames are known;
- frames of the last ``TAIL_S`` that were not released in both channels are cut off.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from streamlab.analysis.table import COLUMNS, nullable
from streamlab.analysis.trace import NO_RESULT, Column
from streamlab.camera import DetectionTimed
from streamlab.clock import wall_s
from streamlab.core.channels import ChannelType
from streamlab.core.mp4.fragment import Boxes, EncodedFrame, Fragment
from streamlab.core.stream.events import FragmentReleased
from streamlab.core.time.timebase import NS_PER_S
from streamlab.version import __version__
from streamlab.viewers import Camera
from streamlab.viewers.event_stream import CameraEvent, EventStream

MAX_FRAMES = 1 << 18  # an hour at 60 fps is 216,000; a frame takes 96 bytes
MAX_OPEN_FRAMES = 1024
TAIL_S = 5.0
_NEVER_NS = 1 << 62
_RELEASED: dict[str, str] = {channel: f"{channel}_released_ns" for channel in ChannelType}

Row = dict[str, int]


class TraceRecorder:
    """Builds a trace, from ``now_ns`` on, from a camera's events; ``about`` is kept with it."""

    def __init__(
        self, about: Mapping[str, object], now_ns: int, *, max_frames: int = MAX_FRAMES
    ) -> None:
        self.about = dict(about)
        self.frames = 0
        """Number of frames in the trace so far."""
        self.full = asyncio.Event()
        """Set when ``max_frames`` were captured; later frames are left out."""
        self.complete = asyncio.Event()
        """Set when the trace was stopped and its frames are complete."""
        self._max_frames = max_frames
        self._started_ns = now_ns
        self._stopped_ns = _NEVER_NS
        self._passed = False  # a raw frame captured after the stop was received
        self._open: dict[int, Row] = {}
        self._written = {name: array("q") for name in COLUMNS}
        self._last_drawn_ns = now_ns
        self._newest_pts: dict[tuple[str, str], int] = {}

    def stop(self, now_ns: int) -> None:
        """Leave out frames that are captured from ``now_ns`` on."""
        self._stopped_ns = min(self._stopped_ns, now_ns)

    async def follow(self, events: EventStream) -> None:
        """Receive the events of a camera until the stream is closed."""
        async for event in events:
            self.receive(event)

    def receive(self, item: CameraEvent) -> None:
        """Receive a fragment that is ready or released, or the time of a detection."""
        if isinstance(item, FragmentReleased):
            self._receive_release(item.entry.fragment, item.now_ns)
        elif isinstance(item, Fragment):
            for frame in self._new_frames(item, "ready"):
                row = self._row(frame.pts)
                if "captured_ns" not in row:
                    self._count(frame)
                row.update(_ready(item, frame))
                if frame.boxes is not None:
                    row.update(self._drawn(frame, frame.boxes))
        elif isinstance(item, DetectionTimed):
            row = self._row(item.pts)
            row["lag_ns"] = NO_RESULT if item.lag_ns is None else item.lag_ns
            self._write_if_done(row)

    def _count(self, frame: EncodedFrame) -> None:
        self.frames += 1
        if self.frames >= self._max_frames:
            self.stop(frame.captured_ns + 1)
            self.full.set()

    def _receive_release(self, fragment: Fragment, now_ns: int) -> None:
        for frame in self._new_frames(fragment, "released"):
            row = self._row(frame.pts)
            row[_RELEASED[fragment.key.channel]] = now_ns
            self._write_if_done(row)

    def table(self) -> pd.DataFrame:
        """Return the trace table; ``.attrs["about"]`` describes the recording. Ends the trace."""
        for row in list(self._open.values()):
            self._write(row)
        columns = {name: np.array(values, np.int64) for name, values in self._written.items()}
        order = np.argsort(columns["pts"], kind="stable")
        columns = {name: values[order] for name, values in columns.items()}
        kept = slice(_without_tail(columns))
        table = pd.DataFrame({name: nullable(values[kept]) for name, values in columns.items()})
        table = table.astype({"pts": np.int64, "captured_ns": np.int64, "keyframe": np.bool_})
        table.attrs["about"] = self.about
        return table

    def _new_frames(self, fragment: Fragment, step: str) -> Iterator[EncodedFrame]:
        """Yield the frames of the trace that reach this step for the first time."""
        channel = fragment.key.channel
        for frame in fragment.frames:
            if frame.pts <= self._newest_pts.get((channel, step), -1):
                continue  # another quality of the channel was first
            self._newest_pts[channel, step] = frame.pts
            if self._started_ns <= frame.captured_ns < self._stopped_ns:
                yield frame
            elif channel == ChannelType.RAW and frame.captured_ns >= self._stopped_ns:
                self._passed = True
                self._check_complete()

    def _drawn(self, frame: EncodedFrame, boxes: Boxes) -> Row:
        """Return the cost of drawing and encoding, and the pts whose detections were drawn.

        Frames are drawn one after another: a frame whose boxes were decided before the previous
        frame was ready had to wait for that one, and the wait is not part of its cost.
        """
        row = {}
        if boxes.decided_ns is not None:
            row["cost_ns"] = frame.ready_ns - max(boxes.decided_ns, self._last_drawn_ns)
        if boxes.detections_pts is not None:
            row["detections_pts"] = boxes.detections_pts
        self._last_drawn_ns = frame.ready_ns
        return row

    def _row(self, pts: int) -> Row:
        row = self._open.get(pts)
        if row is None:
            if len(self._open) >= MAX_OPEN_FRAMES:
                self._write(next(iter(self._open.values())))
            row = self._open[pts] = {"pts": pts}
        return row

    def _write_if_done(self, row: Row) -> None:
        if "lag_ns" in row and row.keys() >= set(_RELEASED.values()):
            self._write(row)
            self._check_complete()

    def _write(self, row: Row) -> None:
        del self._open[row["pts"]]
        if "captured_ns" not in row:
            return  # only its detection was seen: it was captured before or after
        lag_ns = row.get("lag_ns", NO_RESULT)
        row["result_ns"] = NO_RESULT if lag_ns == NO_RESULT else row["captured_ns"] + lag_ns
        for name, values in self._written.items():
            values.append(row.get(name, NO_RESULT))

    def _check_complete(self) -> None:
        if self._passed and not any("captured_ns" in row for row in self._open.values()):
            self.complete.set()


def _ready(fragment: Fragment, frame: EncodedFrame) -> Row:
    """Return what a channel's fragment reports about one of its frames."""
    channel = fragment.key.channel
    return {
        "captured_ns": frame.captured_ns,
        "keyframe": int(frame.keyframe),
        f"{channel}_ready_ns": fragment.ready_ns,
        f"{channel}_bytes": frame.size_bytes,
    }


def _without_tail(columns: dict[str, Column]) -> int:
    """Return how many rows remain when the tail is cut off.

    The tail begins after the last frame that was released in both channels, and is no longer than
    ``TAIL_S``: what is missing before that was lost.
    """
    captured_ns = columns["captured_ns"]
    left = np.all([columns[name] != NO_RESULT for name in _RELEASED.values()], axis=0)
    early = captured_ns < captured_ns.max(initial=0) - round(TAIL_S * NS_PER_S)
    kept = np.flatnonzero(left | early)
    return int(kept[-1]) + 1 if len(kept) else 0


def about(camera: Camera) -> dict[str, object]:
    """Return a description of a camera and its current settings, to be kept with a trace."""
    sync = camera.sync_settings
    return {
        "camera_id": camera.camera_id,
        "source": camera.spec.display,
        "fps": str(camera.metadata.fps),
        "detector": camera.detector().name,
        "policy": sync.policy,
        "sync_tolerance_ms": sync.tolerance_ms,
        "max_playout_delay_ms": sync.max_playout_delay_ms,
        "max_stale_fraction": sync.max_stale_fraction,
        "started_at": wall_s(),
        "streamlab": __version__,
    }
