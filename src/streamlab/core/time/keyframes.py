"""Where keyframes fall: decided once per captured frame, for every channel and quality.

Rules:

- a frame is a keyframe when its pts is the first one in its GOP, so every encoder of a camera
  agrees without talking to another;
- ``request_keyframe`` (a viewer joins an encoder that was cold) makes the next frame one too;
- while ``follow_source`` is set (the camera's H.264 can be passed through) the camera's own
  keyframes take the place of the GOP's;
- while ``source_only`` is set as well (somebody watches it passed through) requests wait for
  the camera's next keyframe, because nobody can make one in its stream.
"""

from __future__ import annotations


class KeyframeClock:
    """Decides for each captured frame whether all encoders make it a keyframe."""

    def __init__(self, gop_pts: int) -> None:
        if gop_pts < 1:
            raise ValueError(f"a GOP must last at least one tick, got {gop_pts}")
        self.follow_source = False
        self.source_only = False
        self._gop_pts = gop_pts
        self._gop: int | None = None
        self._requested = False

    def request_keyframe(self) -> None:
        """Make the next frame that can be one a keyframe."""
        self._requested = True

    def receive_frame(self, pts: int, *, source_keyframe: bool) -> bool:
        """Return whether the frame of this pts is a keyframe."""
        gop = pts // self._gop_pts
        due = source_keyframe if self.follow_source else gop != self._gop
        self._gop = gop
        if due or (self._requested and not (self.follow_source and self.source_only)):
            self._requested = False
            return True
        return False
