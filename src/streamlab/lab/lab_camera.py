"""A camera of a lab, as a notebook handles it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import fields, replace
from html import escape
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakSet

from streamlab.clock import monotonic_ns
from streamlab.core.channels import QualityLevel
from streamlab.core.playout import SyncPolicy
from streamlab.core.timebase import NS_PER_MS, NS_PER_S
from streamlab.detect.detector import Detector
from streamlab.detect.render import Renderer
from streamlab.errors import InvalidRequestError
from streamlab.extras import require
from streamlab.faults import NO_FAULTS, Faults, find_preset
from streamlab.lab.choices import AnyDetector, AnyRenderer, as_detector, as_renderer, checked
from streamlab.lab.hub import Hub
from streamlab.lab.tables import channels_table, frames_table
from streamlab.loop_thread import LabClosedError
from streamlab.manager import Camera
from streamlab.manager.history import FrameHistory, FrameRecord
from streamlab.manager.snapshot import Snapshot, deliver, look
from streamlab.settings import PlayoutDelayMs, StaleFraction, ToleranceMs

if TYPE_CHECKING:
    import pandas as pd

    from streamlab.lab.widget import CameraView, DriftPlot

ViewName = Literal["raw", "annotated", "both", "overlay"]
QualityName = Literal["low", "medium", "high"]
STATS_S = 10.0
FIRST_LOOK_S = 2.0
FRESH_S = 1.0
_SYNC: Mapping[str, Any] = {
    "policy": SyncPolicy,
    "sync_tolerance_ms": ToleranceMs,
    "max_playout_delay_ms": PlayoutDelayMs,
    "max_stale_fraction": StaleFraction,
}


class LabCamera:
    """One camera of a ``Lab``, which makes it. Every member may be used from any thread."""

    def __init__(self, hub: Hub, camera: Camera) -> None:
        self.hub = hub
        self.camera = camera
        self.history = FrameHistory()
        self.views: WeakSet[CameraView] = WeakSet()
        self._fault_run = 0
        hub.ask(lambda: camera.observers.add(self.history))

    # -- what it is

    @property
    def name(self) -> str:
        """The camera's name in the lab, and its id in the server."""
        return self.camera.camera_id

    @property
    def source(self) -> str:
        """Where its pictures come from, without user name and password."""
        return self.camera.spec.display

    @property
    def state(self) -> str:
        """``live``, ``stalled``, ``reconnecting``, ``ended`` or ``closed``."""
        closed = not self.hub.running or self.camera.end_reason is not None
        return "closed" if closed else str(self.camera.state)

    # -- how it is run

    @property
    def sync_tolerance_ms(self) -> float:
        """How far apart the channels may leave, ms."""
        return self.camera.stream.controller.meter.tolerance_ms

    @sync_tolerance_ms.setter
    def sync_tolerance_ms(self, value: float) -> None:
        self._set_sync("sync_tolerance_ms", value)

    @property
    def policy(self) -> str:
        """How the channels are kept together: none, hold, pair, deadline or hybrid."""
        return str(self.camera.stream.controller.control.policy)

    @policy.setter
    def policy(self, value: str) -> None:
        self._set_sync("policy", value)

    @property
    def max_playout_delay_ms(self) -> float:
        """How long raw may wait for its annotated picture, ms."""
        return self.camera.stream.controller.control.max_delay_ns / NS_PER_MS

    @max_playout_delay_ms.setter
    def max_playout_delay_ms(self, value: float) -> None:
        self._set_sync("max_playout_delay_ms", value)

    @property
    def max_stale_fraction(self) -> float:
        """The share of frames that may show boxes carried forward, 0 to 1 (hybrid)."""
        return self.camera.stream.controller.control.max_stale_fraction

    @max_stale_fraction.setter
    def max_stale_fraction(self, value: float) -> None:
        self._set_sync("max_stale_fraction", value)

    @property
    def detector(self) -> Detector:
        """What finds objects. Set a model's name or file, a function from an RGB image to
        ``supervision.Detections``, an Ultralytics model, ``"truth"``, ``"none"``, or None for
        the lab's own choice.
        """
        return self.camera.pipeline.service.detector

    @detector.setter
    def detector(self, wanted: AnyDetector | None) -> None:
        self._check_open()
        spec = self.camera.spec
        if wanted is None and not self.hub.shares_detector(spec):
            wanted = "none"
        chosen = None if wanted is None else as_detector(wanted, spec)
        self.hub.ask(lambda: self.hub.channels.request_detector(self.name, chosen))

    @property
    def renderer(self) -> Renderer:
        """What draws. Set a renderer, an annotator of supervision or a list of them, a function
        from an RGB image and detections to an RGB image, or None for the usual boxes.
        """
        return self.camera.pipeline.renderer

    @renderer.setter
    def renderer(self, wanted: AnyRenderer | None) -> None:
        self._check_open()
        self.camera.pipeline.request_renderer(as_renderer(wanted))

    def inject(
        self, *, preset: str | None = None, seconds: float | None = None, **faults: float
    ) -> None:
        """Have something go wrong: fields of ``streamlab.faults.Faults``, or a preset's.

        Without arguments nothing is wrong any more; with ``seconds`` the faults end by themselves.
        ``cam.inject(stall_ms=1000)`` holds up one result of the detector for a second. Raises
        InvalidRequestError that names what there is.
        """
        named = {} if preset is None else {"preset": preset}
        self._check_open()
        self.hub.ask(lambda: self.change_faults({**named, **faults}, seconds))

    # -- looking at it

    def view(self, view: ViewName = "both", *, quality: QualityName = "medium") -> CameraView:
        """Return a live picture, to be displayed in a notebook. Needs the ``lab`` extra."""
        require("anywidget", "lab")
        from streamlab.lab.widget import CameraView  # noqa: PLC0415

        self._check_open()
        return CameraView(self, view=view, quality=quality)

    def switch(self, view: ViewName | None = None) -> None:
        """Show another view wherever the camera is shown; without one, raw and annotated swap."""
        for each in list(self.views):
            each.view = view or ("raw" if each.view == "annotated" else "annotated")

    def drift_plot(self, seconds: float = 30.0) -> DriftPlot:
        """Return a live plot of the drift over the last ``seconds``. Needs the ``lab`` extra."""
        require("anywidget", "lab")
        from streamlab.lab.widget import DriftPlot  # noqa: PLC0415

        self._check_open()
        return DriftPlot(self, seconds=seconds)

    def snapshot(self, *, quality: QualityName = "medium") -> Snapshot:
        """Return both channels of one frame, decoded from the bytes that viewers are sent.

        Raises SourceUnreachableError when the camera gives no picture.
        """
        self._check_open()
        level = QualityLevel(quality)
        return self.hub.call(deliver(self.camera, self.hub.subscriptions, level)).decode()

    def frames(self, seconds: float = STATS_S) -> pd.DataFrame:
        """Return one row per frame of the last ``seconds`` in which somebody watched.

        When nobody does, the camera is watched for ``FIRST_LOOK_S`` first. The table can be plotted
        by ``streamlab.traces.plots``.
        """
        require("pandas", "traces")
        table = frames_table(self._records(seconds), self.sync_tolerance_ms)
        table.attrs.update(policy=self.policy, sync_tolerance_ms=self.sync_tolerance_ms)
        return table

    def stats(self, seconds: float = STATS_S) -> pd.DataFrame:
        """Return one row per channel, of the frames that ``frames`` returns."""
        require("pandas", "traces")
        return channels_table(self._records(seconds), self.sync_tolerance_ms)

    def record_trace(self, seconds: float = 30.0) -> pd.DataFrame:
        """Return the trace of the next ``seconds``, one row per captured frame, for ``simulate``.

        Ctrl-C gives up. Raises InvalidRequestError, LimitError or SourceUnreachableError.
        """
        require("pandas", "traces")
        from streamlab.traces.record import record  # noqa: PLC0415

        self._check_open()
        return self.hub.call(record(self.camera, self.hub.subscriptions, seconds=seconds))

    def __repr__(self) -> str:
        width, height = self.camera.metadata.width, self.camera.metadata.height
        return (
            f"LabCamera({self.name!r}, {self.source}, {self.state}, {width}x{height} at "
            f"{float(self.camera.metadata.fps):g} fps, detector {self.detector.name}, "
            f"{self.policy} within {self.sync_tolerance_ms:g} ms)"
        )

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"

    # -- in the loop

    def change_sync(self, values: Mapping[str, object]) -> None:
        """Change some of ``_SYNC``, by name. Raises InvalidRequestError; then nothing changes."""
        unknown = values.keys() - _SYNC.keys()
        if unknown:
            raise InvalidRequestError(f"there is no setting '{min(unknown)}'")
        known = {name: checked(name, value, _SYNC[name]) for name, value in values.items()}
        renamed = {"tolerance_ms" if n == "sync_tolerance_ms" else n: v for n, v in known.items()}
        self.camera.request_sync(**renamed)
        for view in list(self.views):
            view.show_sync(self.policy, self.sync_tolerance_ms)

    def change_faults(self, values: Mapping[str, Any], seconds: float | None) -> None:
        """Inject the faults that these values mean; end them after ``seconds``."""
        self.camera.inject(_faults(values))
        self._fault_run += 1
        if seconds is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(seconds, self._end_faults, self._fault_run)

    # -- inside

    def _end_faults(self, run: int) -> None:
        if run == self._fault_run:  # no others since
            self.camera.inject(None)

    def _set_sync(self, name: str, value: object) -> None:
        self._check_open()
        self.hub.ask(lambda: self.change_sync({name: value}))

    def _check_open(self) -> None:
        if self.state == "closed":
            raise LabClosedError(f"camera '{self.name}' was removed, or its lab was closed")

    def _records(self, seconds: float) -> list[FrameRecord]:
        self._check_open()
        if not self._since(FRESH_S):
            self.hub.call(look(self.camera, self.hub.subscriptions, FIRST_LOOK_S))
        return self._since(seconds)

    def _since(self, seconds: float) -> list[FrameRecord]:
        span_ns = round(seconds * NS_PER_S)
        return self.hub.ask(lambda: self.history.since(monotonic_ns() - span_ns))


def _faults(values: Mapping[str, Any]) -> Faults:
    given = dict(values)
    preset = given.pop("preset", None)
    known = [each.name for each in fields(Faults)]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise InvalidRequestError(
            f"unknown fault '{unknown[0]}'", hint=f"Allowed: preset, {', '.join(known)}."
        )
    return replace(NO_FAULTS if preset is None else find_preset(str(preset)), **given)
