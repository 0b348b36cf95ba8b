"""How far a camera has come: where another worker goes on with it."""

from __future__ import annotations

from streamlab.camera.producer import ReleaseBatch
from streamlab.core.time.timebase import ns_to_pts


class HighWater:
    """The newest PTS and sequence number that a camera has released."""

    def __init__(self, first_sequence: int) -> None:
        self.next_sequence = first_sequence
        """Of every channel and quality."""
        self._newest: tuple[int, int] | None = None  # pts, captured_ns

    def receive_release(self, batch: ReleaseBatch) -> None:
        """Note what was released."""
        for fragment in batch.fragments:
            frame = fragment.frames[-1]
            if self._newest is None or frame.pts > self._newest[0]:
                self._newest = frame.pts, frame.captured_ns
            self.next_sequence = max(self.next_sequence, fragment.sequence + 1)

    def next_pts(self, now_ns: int) -> int:
        """Return the PTS of a frame that is captured now: media time has gone on meanwhile."""
        if self._newest is None:
            return 0
        pts, captured_ns = self._newest
        return pts + max(1, ns_to_pts(now_ns - captured_ns))
