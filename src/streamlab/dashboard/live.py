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
from streamlab.dashboard.health import CameraRow
from streamlab.dashboard.plots import LivePlots
from streamlab.dashboard.processes import Processes
from streamlab.dashboard.samples import Controls, Sample
from streamlab.dashboard.timeline import WINDOW_S, Timeline, Update
from streamlab.dashboard.wall import Wall
from streamlab.errors import UnknownCameraError

LOOKS_PER_S = 5
LOOKS_PER_WORDS = 2
LOOKS_PER_HEALTH = 2
LOOKS_PER_BEAT = 25
LOOKS_PER_CALM_UPDATE = 5  # for viewers who prefer little motion


@dataclass(frozen=True, slots=True)
class _Seen:
    camera_id: str
    timeline: Timeline
    sample: Sample


class Live:
    """Samples the cameras and shows the results. For use in the session's event loop.

    ``show_controls`` is called with None when another camera is shown than before, and with the
    time of the sample, monotonic ns.
    """

    def __init__(
        self,
        cameras: Cameras,
        wall: Wall,
        plots: LivePlots,
        show_controls: Callable[[Controls | None, int], None],
        show_health: Callable[[list[CameraRow], Processes], None],
    ) -> None:
        self._cameras = cameras
        self._wall = wall
        self._plots = plots
        self._show_controls = show_controls
        self._show_health = show_health
        self._rows: dict[str, CameraRow] = {}
        self._controlled = ""
        self._seen: _Seen | None = None

    async def run(self, document: Document) -> None:
        """Update the dashboard until cancelled."""
        for number in range(1 << 62):
            due_s = asyncio.get_running_loop().time() + 1 / LOOKS_PER_S
            if number % LOOKS_PER_BEAT == 0:
                await _change(document, self._wall.beat)
            if number % LOOKS_PER_HEALTH == 0:
                await self._refresh_health(document)
            if not self._wall.selected or self._wall.hidden:
                self._seen = None
            elif not self._wall.calm:
                await self._refresh(document, due_s, words=number % LOOKS_PER_WORDS == 0)
            elif number % LOOKS_PER_CALM_UPDATE == 0:
                await self._refresh(document, due_s, words=True)
            await _sleep_until(due_s)

    async def _refresh_health(self, document: Document) -> None:
        health = await self._cameras.health()
        processes = await self._cameras.processes()
        self._rows = {row.camera_id: row for row in health}
        await _change(document, lambda: self._show_health(health, processes))

    async def _refresh(self, document: Document, due_s: float, *, words: bool) -> None:
        try:
            seen = await self._sample(document)
        except UnknownCameraError:  # removed; the next health refresh shows that
            self._seen = None
            return
        update = seen.timeline.receive(seen.sample)
        if words:
            await _change(document, lambda: self._show_words(seen))
            await _change(document, lambda: self._show_settings(seen), together=False)
        if not self._draws:
            self._seen = None  # the plots start over when they go on
            return
        changes = self._changes(update, seen)
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
        if self._draws:
            await _change(document, self._plots.clear)
        self._seen = _Seen(camera_id, Timeline(sample.now_ns), sample)
        return self._seen

    @property
    def _draws(self) -> bool:
        """True while the plots are shown, and not paused."""
        return self._wall.tab == "figures" and not self._wall.paused

    def _show_words(self, seen: _Seen) -> None:
        row = self._rows.get(seen.camera_id)
        if row is not None:
            self._wall.figures = seen.timeline.words(seen.sample, row)

    def _show_settings(self, seen: _Seen) -> None:
        if seen.camera_id != self._controlled:
            self._controlled = seen.camera_id
            self._show_controls(None, seen.sample.now_ns)
        self._show_controls(seen.sample.controls, seen.sample.now_ns)

    def _changes(self, update: Update, seen: _Seen) -> list[Callable[[], None]]:
        plots, timeline = self._plots, seen.timeline
        target = 1 - seen.sample.controls.max_stale_fraction
        return [
            lambda: plots.show_drift(update, timeline),
            lambda: plots.show_spread(timeline),
            lambda: plots.show_latency(update),
            lambda: plots.show_fresh(update, target),
            lambda: plots.show_bitrate(update),
        ]


async def _sleep_until(due_s: float) -> None:
    await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))


async def _change(document: Document, change: Callable[[], None], *, together: bool = True) -> None:
    """Apply a change when the document allows it; ``together``: it is sent as one message.

    That is not for properties that the browser changes, too (``widgets.Slider`` says why).
    """
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def make() -> None:
        if done.done():  # cancelled: nobody waits for it any more
            return
        if together:
            document.hold("combine")
        try:
            change()
        except Exception as error:  # noqa: BLE001 - raised again in the awaiting task
            done.set_exception(error)
        else:
            done.set_result(None)
        finally:
            if together:
                document.unhold()

    document.add_next_tick_callback(make)
    await done
