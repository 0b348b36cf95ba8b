"""Keyframe placement: decided once per captured frame, for every channel and quality.

Rules:

- a frame is a keyframe when its PTS is the first one in its GOP, so all encoders of a camera
  agree without communicating;
- ``request_keyframe`` (a viewer joins a cold encoder) makes the next frame a keyframe too;
- while ``follow_source`` is set (the camera's H.264 can be passed through), the camera's own
  keyframes replace those of the GOP;
- while ``source_only`` is set as well (somebody watches the passed-through stream), requests wait
  for the camera's next keyframe, because no keyframe can be inserted into its stream.
"""

from __future__ import annotations


class KeyframeClock:
    """Decides for each captured frame whether all encoders encode it as a keyframe."""

    def __init__(self, gop_pts: int) -> None:
        if gop_pts < 1:
            raise ValueError(f"a GOP must last at least one tick, got {gop_pts}")
        self.follow_source = False
        self.source_only = False
        self._gop_pts = gop_pts
        self._gop: int | None = None
        self._requested = False

    def request_keyframe(self) -> None:
        """Make the next eligible frame a keyframe."""
        self._requested = True

    def receive_frame(self, pts: int, *, source_keyframe: bool) -> bool:
        """Return True if the frame with this PTS is to be a keyframe."""
        gop = pts // self._gop_pts
        due = source_keyframe if self.follow_source else gop != self._gop
        self._gop = gop
        if due or (self._requested and not (self.follow_source and self.source_only)):
            self._requested = False
            return True
        return False
