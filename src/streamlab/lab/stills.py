"""Stills of live views: pictures of bounded size that stay in a saved notebook."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from streamlab.core.channels import QualityLevel
from streamlab.errors import StreamlabError
from streamlab.lab.choices import Rgb
from streamlab.lab.runtime import LabClosedError
from streamlab.lab.shown_camera import ShownCamera
from streamlab.viewers.decoded_snapshot import decode, jpeg, resized

STILL_TIMEOUT_S = 2.0
MAX_WIDTH_PX, MAX_HEIGHT_PX = 1288, 1600
GAP_PX = 8
WHITE = 255


def pictures(shown: Sequence[tuple[ShownCamera, str]]) -> list[Rgb]:
    """Return the pictures of these cameras in these views, as RGB.

    All are taken at once. A camera without a frame within ``STILL_TIMEOUT_S`` is left out.
    """
    taken: list[Rgb] = []
    live = [(cam, view) for cam, view in shown if not cam.closed]
    if not live:
        return taken
    cameras = [cam.camera for cam, _ in live]

    async def take() -> list[Any]:
        snapshots = [each.snapshot(QualityLevel.MEDIUM, STILL_TIMEOUT_S) for each in cameras]
        return await asyncio.gather(*snapshots, return_exceptions=True)

    for (_, view), encoded in zip(live, live[0][0].runtime.call(take()), strict=True):
        if isinstance(encoded, StreamlabError):
            continue
        if isinstance(encoded, BaseException):
            raise encoded
        taken.append(decode(encoded).picture(view))
    return taken


def sheet(taken: Sequence[Rgb], columns: int = 1) -> Rgb:
    """Return pictures side by side, each as wide as its column, within the bounds of a still."""
    columns = min(columns, len(taken))
    room_px = (MAX_WIDTH_PX - (columns - 1) * GAP_PX) // columns
    width_px = min(room_px, max(picture.shape[1] for picture in taken))
    cells = [resized(picture, width_px / picture.shape[1]) for picture in taken]
    rows = [
        _row(cells[start : start + columns], columns) for start in range(0, len(cells), columns)
    ]
    gap = np.full((GAP_PX, rows[0].shape[1], 3), WHITE, np.uint8)
    stacked = np.vstack([part for row in rows for part in (gap, row)][1:])
    return resized(stacked, min(1.0, MAX_HEIGHT_PX / stacked.shape[0]))


def still_of(shown: Sequence[tuple[ShownCamera, str]], columns: int = 1) -> bytes | None:
    """Return a JPEG file of what is shown, or None where there is nothing to see."""
    with suppress(LabClosedError):
        taken = pictures(shown)
        return jpeg(sheet(taken, columns)) if taken else None
    return None


def add(bundle: Any, kind: str, still: bytes | str | None) -> Any:
    """Add a still of this MIME type to the MIME bundle of a widget; returns the bundle."""
    if bundle is not None and still is not None:
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data[kind] = still
    return bundle


def data_url(kind: str, still: bytes | str | None) -> str:
    """Return a still as a URL for the page, which shows it while it hears nothing of the kernel."""
    if still is None:
        return ""
    data = still.encode() if isinstance(still, str) else still
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _row(cells: Sequence[Rgb], columns: int) -> Rgb:
    height, width = max(cell.shape[0] for cell in cells), cells[0].shape[1]
    row = np.full((height, columns * (width + GAP_PX) - GAP_PX, 3), WHITE, np.uint8)
    for index, cell in enumerate(cells):
        left = index * (width + GAP_PX)
        row[: cell.shape[0], left : left + width] = cell
    return row
