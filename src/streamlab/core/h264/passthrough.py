"""Decides, GOP by GOP, whether a camera's own H.264 can be sent unchanged.

It can if every viewer is able to join at a keyframe soon and to show each frame at once: H.264
4:2:0 8 bit, progressive, no reordering, GOPs of at most ``MAX_GOP_PTS``, an upright picture of
even size, and no parameter sets beyond those in its init segment. Otherwise ``source`` quality is
transcoded, and ``detail`` gives the reason.
"""

from __future__ import annotations

from streamlab.core.h264.access_unit import LOST
from streamlab.core.h264.parameter_sets import ParameterSets
from streamlab.core.h264.sps import parse_sps
from streamlab.core.time.timebase import TIMESCALE

MAX_GOP_PTS = 2 * TIMESCALE


def objection(sets: ParameterSets) -> str:
    """Return why streams with these parameter sets cannot be passed through, or ''.

    Raises SourceFormatError if the SPS cannot be parsed.
    """
    info = parse_sps(sets.sps)
    if (info.chroma_format_idc, info.bit_depth, info.chroma_bit_depth) != (1, 8, 8):
        return "the camera's H.264 is not 8-bit 4:2:0"
    if not info.frame_mbs_only:
        return "the camera's H.264 is interlaced"
    # Type 2 has no reordering by definition (8.2.1.3); otherwise the SPS must rule it out.
    if info.pic_order_cnt_type != 2 and info.max_num_reorder_frames is None:
        return "the camera's H.264 does not say that it has no B-frames"
    if info.max_num_reorder_frames:
        return "the camera's H.264 has B-frames"
    return ""


class PassthroughJudge:
    """Watches the source's GOPs: each is passed through from its IDR until a frame cannot be."""

    def __init__(self, objection: str) -> None:
        self.objection = objection
        self.gop_duration: int | None = None
        self._gop_started: int | None = None
        self._broken = "the camera's first keyframe has not arrived yet"

    def receive_frame(self, pts: int, *, keyframe: bool, intact: bool, why_not: str = LOST) -> None:
        """Record the next frame.

        Args:
            pts: pts of the frame.
            keyframe: the frame is an IDR.
            intact: its bytes are available and can be sent.
            why_not: the reason if it is not intact.
        """
        if not intact:
            self._broken, self._gop_started = why_not, None
            return
        if self._gop_started is not None:
            span = pts - self._gop_started
            if keyframe or span > MAX_GOP_PTS:
                self.gop_duration = span
        if keyframe:
            self._broken, self._gop_started = "", pts

    @property
    def detail(self) -> str:
        """Why ``source`` quality is transcoded now, or '' while it is passed through."""
        if self.objection:
            return self.objection
        if self.gop_duration is not None and self.gop_duration > MAX_GOP_PTS:
            return f"the camera's GOP is longer than {MAX_GOP_PTS // TIMESCALE} s"
        return self._broken
