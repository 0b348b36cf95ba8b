"""Decides whether a frame of a channel that redacts may be shown, and what is sent if not.

A frame may be shown only with boxes of its own, or boxes carried forward by at most the setting
``max_redaction_age_ms``. Results do not count

- if they are of an earlier detector, or of pictures of another size;
- if some boxes were left out because there were too many or they were invalid;
- if there is no detector: ``none`` has looked at nothing.

``Annotator`` also withholds a frame whose renderer raised.
"""

from __future__ import annotations

from functools import lru_cache

import av
import supervision as sv

from streamlab.core.sync.box_queue import FrameBoxes
from streamlab.core.time.timebase import ms_to_pts
from streamlab.core.truth_strip import strip_height_px
from streamlab.detect.answer import is_complete
from streamlab.detect.detector import Detector
from streamlab.detect.scripted import is_none
from streamlab.detect.style import WHITE_LUMA, Style
from streamlab.detect.text import text_luma
from streamlab.media.colour import copy_colour
from streamlab.media.picture import Picture

NO_DETECTIONS = "Redacted: no detections"
INCOMPLETE = "Redacted: detections are incomplete"
NOT_DRAWN = "Redacted: drawing failed"
GREY_LUMA = 96
NEUTRAL = 128  # of U and V
MIN_TEXT_PX = 8


class RedactionGate:
    """Judges the frames of one channel, in order of PTS."""

    def __init__(self, max_age_ms: float) -> None:
        self._max_age = ms_to_pts(max_age_ms)
        self._since = 0
        self._size_px = (0, 0)

    def request_restart(self, pts: int) -> None:
        """Ignore the results for frames before ``pts``."""
        self._since = max(self._since, pts)

    def reason_to_withhold(
        self, event: FrameBoxes[sv.Detections], picture: Picture, detector: Detector
    ) -> str:
        """Return why a frame may not be shown even if it is drawn on; '' if it may."""
        size_px = picture.width, picture.height
        if size_px != self._size_px:
            self._size_px = size_px
            self.request_restart(event.pts)
        found, found_pts = event.detections, event.detections_pts
        if found is None or found_pts is None or is_none(detector):
            return NO_DETECTIONS
        if found_pts < self._since or event.pts - found_pts > self._max_age:
            return NO_DETECTIONS
        return "" if is_complete(found) else INCOMPLETE


def withheld_picture(captured: Picture, text: str, *, has_strip: bool) -> Picture:
    """Return a grey picture with ``text`` in place of a captured one: same PTS, size and colours.

    ``has_strip``: the truth strip is copied, which shows nothing of the scene.
    """
    grey = _grey(captured.width, captured.height, text).copy()
    grey.pts = grey.frame.pts = captured.pts
    copy_colour(captured.frame, grey.frame)
    if has_strip:
        rows = strip_height_px(captured.height)
        for target, source, count in zip(
            grey.planes(), captured.planes(), (rows, rows // 2, rows // 2), strict=True
        ):
            target[:count] = source[:count]
    return grey


@lru_cache(maxsize=32)
def _grey(width: int, height: int, text: str) -> Picture:
    """Return a grey picture with a text in its middle, px; it is shared, so copy it."""
    picture = Picture(av.VideoFrame(width, height, "yuv420p"), 0)
    for plane, value in zip(picture.flat_planes(), (GREY_LUMA, NEUTRAL, NEUTRAL), strict=True):
        plane.pixels[:] = value
    y, _, _ = picture.planes()
    size_px = min(2 * Style.of_size(width, height).label, height)
    tile = text_luma(text, size_px, WHITE_LUMA, GREY_LUMA)
    while tile.shape[1] > width and size_px > MIN_TEXT_PX:
        size_px -= 2
        tile = text_luma(text, size_px, WHITE_LUMA, GREY_LUMA)
    tile = tile[:, :width]
    top, left = (height - tile.shape[0]) // 2, (width - tile.shape[1]) // 2
    y[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return picture
