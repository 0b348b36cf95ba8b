"""Exports as files: per-frame figures (CSV), a picture (PNG), a trace (Parquet)."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import cv2
import pandas as pd
import panel as pn

from streamlab.analysis.frames import frames_table
from streamlab.analysis.table import write_trace
from streamlab.core.channels import QualityLevel
from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.controls import Attempt
from streamlab.dashboard.timeline import WINDOW_S
from streamlab.dashboard.wall import Wall
from streamlab.dashboard.widgets import group, side_by_side, styled
from streamlab.viewers.decoded_snapshot import Snapshot

CSV_S = 60.0
TRACE_S = {"5 s": 5.0, "10 s": 10.0, "30 s": 30.0, "60 s": 60.0, "5 min": 300.0}


class Export:
    """Buttons that save data of the selected camera."""

    def __init__(self, cameras: Cameras, wall: Wall, attempt: Attempt) -> None:
        self._cameras = cameras
        self._wall = wall
        self._attempt = attempt
        self.csv = self._button("CSV", "Figures of each frame of the last minute", self._csv)
        self.png = self._button("PNG", "Both pictures of one frame, side by side", self._png)
        self.trace = self._button(
            "Record trace", "What happens to each frame, for sweeps", self._trace
        )
        self.seconds = styled(
            pn.widgets.Select, name="Length of the trace", options=TRACE_S, value=10.0
        )

    def panel(self) -> Any:
        """Return the buttons."""
        return group(
            "Export",
            side_by_side(self.csv, self.png),
            self.seconds,
            self.trace,
        )

    async def _csv(self) -> None:
        camera_id = self._wall.selected
        controls = (await self._cameras.sample(camera_id, None, WINDOW_S)).controls
        records = await self._cameras.frames(camera_id, CSV_S)
        table = frames_table(records, controls.sync_tolerance_ms)
        self._wall.send_file(_name(camera_id, "csv"), table.to_csv(index=False).encode())

    async def _png(self) -> None:
        camera_id = self._wall.selected
        snapshot = await self._cameras.snapshot(camera_id, QualityLevel.HIGH)
        self._wall.send_file(_name(camera_id, "png"), await asyncio.to_thread(_png_of, snapshot))

    async def _trace(self) -> None:
        camera_id, seconds = self._wall.selected, float(self.seconds.value)
        self._wall.say(f"Recording {camera_id} for {seconds:g} s …")
        table = await self._cameras.record(camera_id, seconds)
        data = await asyncio.to_thread(_parquet_of, table)
        self._wall.send_file(_name(camera_id, "parquet"), data)
        self._wall.say(f"The trace of {camera_id} has {len(table)} frames.")

    def _button(self, name: str, title: str, save: Callable[[], Awaitable[None]]) -> Any:
        button = styled(pn.widgets.Button, name=name, description=title)

        async def on_click(_event: object) -> None:
            button.disabled = True
            try:
                await self._attempt(save())
            finally:
                button.disabled = False

        button.on_click(on_click)
        return button


def _name(camera_id: str, kind: str) -> str:
    return f"{camera_id}-{time.strftime('%Y%m%d-%H%M%S')}.{kind}"


def _png_of(snapshot: Snapshot) -> bytes:
    bgr = cv2.hconcat([snapshot.raw, snapshot.annotated])[:, :, ::-1]
    _, data = cv2.imencode(".png", bgr)
    return data.tobytes()


def _parquet_of(table: pd.DataFrame) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.parquet"
        write_trace(table, path, table.attrs["about"])
        return path.read_bytes()
