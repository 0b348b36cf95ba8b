"""The update loop of one browser's dashboard.

It samples the selected camera ``LOOKS_PER_S`` times a second. New data goes to one plot after the
other, a moment apart, so that drawing them never takes the browser long enough to miss a frame of
the video.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bokeh.document import Document

from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.controls import SyncControls
from streamlab.dashboard.health import CameraHealth
from streamlab.dashboard.plots import LivePlots
from streamlab.dashboard.samples import Sample
from streamlab.dashboard.timeline import WINDOW_S, Timeline, Update
from streamlab.dashboard.wall import Wall
from streamlab.errors import UnknownCameraError

LOOKS_PER_S = 5
LOOKS_PER_WORDS = 2
LOOKS_PER_HEALTH = 5
LOOKS_PER_BEAT = 25


@dataclass(frozen=True, slots=True)
class _Seen:
    camera_id: str
    timeline: Timeline
    sample: Sample


class Live:
    """Samples the cameras and shows the results. For use in the session's event loop."""

    def __init__(
        self,
        cameras: Cameras,
        wall: Wall,
        plots: LivePlots,
        controls: SyncControls,
        show_health: Callable[[list[CameraHealth]], None],
    ) -> None:
        self._cameras = cameras
        self._wall = wall
        self._plots = plots
        self._controls = controls
        self._show_health = show_health
        self._seen: _Seen | None = None

    async def run(self, document: Document) -> None:
        """Update the dashboard until cancelled."""
        for number in range(1 << 62):
            due_s = asyncio.get_running_loop().time() + 1 / LOOKS_PER_S
            if number % LOOKS_PER_BEAT == 0:
                await _change(document, self._wall.beat)
            if number % LOOKS_PER_HEALTH == 0:
                await self._refresh_health(document)
            if self._wall.selected and not self._wall.hidden:
                await self._refresh(document, due_s, words=number % LOOKS_PER_WORDS == 0)
            else:
                self._seen = None
            await _sleep_until(due_s)

    async def _refresh_health(self, document: Document) -> None:
        health = await self._cameras.health()
        await _change(document, lambda: self._show_health(health))

    async def _refresh(self, document: Document, due_s: float, *, words: bool) -> None:
        try:
            seen = await self._sample(document)
        except UnknownCameraError:  # removed; the next health refresh shows that
            self._seen = None
            return
        update = seen.timeline.receive(seen.sample)
        if words:
            await _change(document, lambda: self._show_words(seen))
        if self._wall.tab != "figures":
            self._seen = None  # the plots start over when they are shown again
            return
        changes = self._changes(update, seen.timeline)
        for left, change in zip(range(len(changes), 0, -1), changes, strict=True):
            await _change(document, change)
            await _sleep_until(due_s - (left - 1) / len(changes) / LOOKS_PER_S)

    async def _sample(self, document: Document) -> _Seen:
        """Sample the selected camera; start over if it is another one than before."""
        camera_id, before = self._wall.selected, self._seen
        if before is not None and before.camera_id == camera_id:
            sample = await self._cameras.sample(camera_id, before.sample.count, WINDOW_S)
            if sample.stream_id == before.sample.stream_id:
                self._seen = _Seen(camera_id, before.timeline, sample)
                return self._seen
        sample = await self._cameras.sample(camera_id, None, WINDOW_S)
        await _change(document, self._plots.clear)
        self._controls.forget()
        self._seen = _Seen(camera_id, Timeline(sample.now_ns), sample)
        return self._seen

    def _show_words(self, seen: _Seen) -> None:
        self._wall.figures = seen.timeline.words(seen.sample)
        self._controls.show(seen.sample.controls)

    def _changes(self, update: Update, timeline: Timeline) -> list[Callable[[], None]]:
        plots = self._plots
        return [
            lambda: plots.show_drift(update, timeline),
            lambda: plots.show_spread(timeline),
            lambda: plots.show_latency(update),
            lambda: plots.show_box_age(update),
            lambda: plots.show_bitrate(update),
        ]


async def _sleep_until(due_s: float) -> None:
    await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))


async def _change(document: Document, change: Callable[[], None]) -> None:
    """Apply a change when the document allows it; it is sent as one message."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def make() -> None:
        if done.done():  # cancelled: nobody waits for it any more
            return
        document.hold("combine")
        try:
            change()
        except Exception as error:  # noqa: BLE001 - raised again in the awaiting task
            done.set_exception(error)
        else:
            done.set_result(None)
        finally:
            document.unhold()

    document.add_next_tick_callback(make)
    await done
