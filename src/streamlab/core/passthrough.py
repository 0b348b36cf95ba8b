"""Whether a camera's own H.264 may be sent as it is, judged GOP by GOP.

It may, when every viewer could join it at a keyframe soon and show each frame at once: H.264
4:2:0 8 bit, progressive, no reordering, GOPs of at most ``MAX_GOP_PTS``, an upright picture of
even size. Otherwise ``source`` quality is transcoded, and ``detail`` says why.
"""

from __future__ import annotations

from streamlab.core.nal import ParameterSets
from streamlab.core.sps import parse_sps
from streamlab.core.timebase import TIMESCALE

MAX_GOP_PTS = 2 * TIMESCALE
GOP_UNKNOWN = "the camera's GOP is not known yet"


def objection(sets: ParameterSets) -> str:
    """Return why streams with these parameter sets cannot be passed through, or ''."""
    info = parse_sps(sets.sps)
    if info.chroma_format_idc != 1 or info.bit_depth != 8:
        return "the camera's H.264 is not 8-bit 4:2:0"
    if not info.frame_mbs_only:
        return "the camera's H.264 is interlaced"
    # Type 2 has no reordering by definition (8.2.1.3); else the SPS must promise it.
    if info.pic_order_cnt_type != 2 and info.max_num_reorder_frames is None:
        return "the camera's H.264 does not say that it has no B-frames"
    if info.max_num_reorder_frames:
        return "the camera's H.264 has B-frames"
    return ""


class PassthroughJudge:
    """Watches the source's keyframes and says whether its GOPs are short enough."""

    def __init__(self, objection: str) -> None:
        self.objection = objection
        self._gop_started: int | None = None
        self.gop_duration: int | None = None

    def receive_frame(self, pts: int, *, keyframe: bool, intact: bool) -> None:
        """Take the next frame: whether it is the source's keyframe, and its bytes are at hand."""
        if not intact:
            self._gop_started = self.gop_duration = None
        elif keyframe:
            if self._gop_started is not None:
                self.gop_duration = pts - self._gop_started
            self._gop_started = pts
        elif self._gop_started is not None and pts - self._gop_started > MAX_GOP_PTS:
            self.gop_duration = pts - self._gop_started

    @property
    def detail(self) -> str:
        """Why ``source`` quality is transcoded now, or '' when it is passed through."""
        if self.objection:
            return self.objection
        if self.gop_duration is None:
            return GOP_UNKNOWN
        if self.gop_duration > MAX_GOP_PTS:
            return f"the camera's GOP is longer than {MAX_GOP_PTS // TIMESCALE} s"
        return ""
