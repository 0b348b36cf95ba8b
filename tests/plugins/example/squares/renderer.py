"""The renderer ``dot``."""

from __future__ import annotations

import supervision as sv

from streamlab.media.picture import Picture

RADIUS = 6
BLACK_LUMA = 16


class DotRenderer:
    """Draws a black dot in the middle of each box."""

    name = "dot"

    def draw(
        self,
        picture: Picture,
        detections: sv.Detections,
        *,
        top_px: int = 0,
        stale: bool = False,
    ) -> None:
        luma = picture.planes()[0]
        for x1, y1, x2, y2 in detections.xyxy.tolist():
            x, y = round(x1 + x2) // 2, round(y1 + y2) // 2
            rows = slice(max(top_px, y - RADIUS), max(top_px, y + RADIUS))
            luma[rows, max(0, x - RADIUS) : max(0, x + RADIUS)] = BLACK_LUMA
