"""The handle of a lab's camera in a notebook or a script."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING, Literal

from streamlab.core.channels import QualityLevel
from streamlab.detect.detector import Detector
from streamlab.detect.remote.pooled import PooledDetector
from streamlab.detect.render import Renderer
from streamlab.extras import require
from streamlab.lab.choices import AnyDetector, AnyRenderer, as_origin, as_renderer
from streamlab.lab.public import Public
from streamlab.lab.runtime import LabClosedError
from streamlab.lab.shown_camera import ShownCamera
from streamlab.protocol.health import CLOSED, CameraHealth
from streamlab.viewers.decoded_snapshot import Snapshot, decode

if TYPE_CHECKING:
    import pandas as pd

    from streamlab.lab.widget import CameraView, DriftPlot

ViewName = Literal["raw", "annotated", "both", "overlay"]
QualityName = Literal["low", "medium", "high"]
STATS_S = 10.0


class LabCamera(Public):
    """One camera of a ``Lab``, created by ``Lab.add``. Every member may be used from any thread."""

    def __init__(self, shown: ShownCamera) -> None:
        self._shown = shown

    # -- identity

    @property
    def name(self) -> str:
        """The camera's name in the lab, and its id on the server."""
        return self._shown.name

    @property
    def source(self) -> str:
        """The camera's source, without user name and password."""
        return self._shown.spec.display

    @property
    def state(self) -> str:
        """State of the source: ``live``, ``stalled``, ``reconnecting``, ``ended`` or ``closed``."""
        return "closed" if self._shown.closed else str(self._shown.camera.state)

    @property
    def health(self) -> CameraHealth:
        """What its source, detector, renderer, encoders and synchronisation are like now.

        Displayed, it says what is wrong; ``problems`` has the sentences.
        """
        shown = self._shown
        with suppress(LabClosedError):
            if not shown.closed:
                return shown.runtime.ask(lambda: shown.camera.status().health)
        return CameraHealth(CLOSED)

    # -- settings

    @property
    def sync_tolerance_ms(self) -> float:
        """How far apart the two channels may release a frame, ms."""
        return self._shown.sync_tolerance_ms

    @sync_tolerance_ms.setter
    def sync_tolerance_ms(self, value: float) -> None:
        self._shown.set_sync("sync_tolerance_ms", value)

    @property
    def policy(self) -> str:
        """The synchronisation policy: ``none``, ``hold``, ``pair``, ``deadline`` or ``hybrid``."""
        return self._shown.policy

    @policy.setter
    def policy(self, value: str) -> None:
        self._shown.set_sync("policy", value)

    @property
    def max_playout_delay_ms(self) -> float:
        """How long a raw frame may wait for its annotated one, ms."""
        return self._shown.sync_settings.max_playout_delay_ms

    @max_playout_delay_ms.setter
    def max_playout_delay_ms(self, value: float) -> None:
        self._shown.set_sync("max_playout_delay_ms", value)

    @property
    def max_stale_fraction(self) -> float:
        """The fraction of frames that may show boxes carried forward, 0 to 1; ``hybrid`` only."""
        return self._shown.sync_settings.max_stale_fraction

    @max_stale_fraction.setter
    def max_stale_fraction(self, value: float) -> None:
        self._shown.set_sync("max_stale_fraction", value)

    @property
    def detector(self) -> Detector:
        """The detector that finds objects.

        Set a model's name or file, a function from an RGB image to ``supervision.Detections``, an
        Ultralytics model, ``"truth"``, ``"none"``, or None for the lab's default.
        """
        used = self._shown.camera.detector()
        return used.given if isinstance(used, PooledDetector) else used

    @detector.setter
    def detector(self, wanted: AnyDetector | None) -> None:
        self._shown.check_open()
        runtime, spec = self._shown.runtime, self._shown.camera.spec
        if wanted is None and not runtime.shares_detector(spec):
            wanted = "none"
        chosen = None if wanted is None else as_origin(wanted, spec)

        def change(detector: Detector | None) -> None:
            self._shown.check_open()  # another camera of this name may have replaced it
            runtime.manager.request_detector(self.name, detector)

        self._shown.warnings.set_place("detector")
        with runtime.loaded(chosen) as detector:
            runtime.ask(lambda: change(detector))

    @property
    def renderer(self) -> Renderer:
        """The renderer that draws detections.

        Set a renderer, a supervision annotator or a list of them, a function from an RGB image and
        detections to an RGB image, or None for the default boxes.
        """
        return self._shown.camera.renderer()

    @renderer.setter
    def renderer(self, wanted: AnyRenderer | None) -> None:
        self._shown.check_open()
        chosen = as_renderer(wanted)
        self._shown.warnings.set_place("renderer")
        self._shown.runtime.ask(lambda: self._shown.camera.change(renderer=chosen))

    def inject(
        self, *, preset: str | None = None, seconds: float | None = None, **faults: float
    ) -> None:
        """Inject faults: fields of ``streamlab.faults.Faults``, or those of a preset.

        Without arguments, clears all injected faults; with ``seconds``, the faults end after that
        time. ``cam.inject(stall_ms=1000)`` delays one result of the detector by a second. Raises
        InvalidRequestError, which lists the allowed names.
        """
        named = {} if preset is None else {"preset": preset}
        self._shown.check_open()
        self._shown.runtime.ask(lambda: self._shown.change_faults({**named, **faults}, seconds))

    # -- views and measurements

    def view(self, view: ViewName = "both", *, quality: QualityName = "medium") -> CameraView:
        """Return a live view to display in a notebook. Needs the ``lab`` extra."""
        require("anywidget", "lab")
        from streamlab.lab.widget import CameraView  # noqa: PLC0415

        self._shown.check_open()
        return CameraView(self._shown, view=view, quality=quality)

    def switch(self, view: ViewName | None = None) -> None:
        """Show another view in all live views of the camera; None swaps raw and annotated."""
        for each in self._shown.views:
            each.switch(view)

    def drift_plot(self, seconds: float = 30.0) -> DriftPlot:
        """Return a live plot of the drift over the last ``seconds``. Needs the ``lab`` extra."""
        require("anywidget", "lab")
        from streamlab.lab.widget import DriftPlot  # noqa: PLC0415

        self._shown.check_open()
        return DriftPlot(self._shown, seconds=seconds)

    def snapshot(self, *, quality: QualityName = "medium") -> Snapshot:
        """Return both channels of one frame, decoded from the bytes that viewers receive.

        Raises SourceUnreachableError if the camera delivers no picture.
        """
        self._shown.check_open()
        runtime, level = self._shown.runtime, QualityLevel(quality)
        return decode(runtime.call(self._shown.camera.snapshot(level)))

    def frames(self, seconds: float = STATS_S) -> pd.DataFrame:
        """Return one row per frame of the last ``seconds``; only frames with a viewer are known.

        If nobody is watching, the call first watches the camera for two seconds. The table can
        be plotted with ``streamlab.analysis.plots``.
        """
        require("pandas", "traces")
        from streamlab.analysis.frames import frames_table  # noqa: PLC0415

        table = frames_table(self._shown.records(seconds), self.sync_tolerance_ms)
        table.attrs.update(policy=self.policy, sync_tolerance_ms=self.sync_tolerance_ms)
        return table

    def stats(self, seconds: float = STATS_S) -> pd.DataFrame:
        """Return one row per channel, computed from the frames that ``frames`` returns."""
        require("pandas", "traces")
        from streamlab.analysis.frames import channels_table  # noqa: PLC0415

        return channels_table(self._shown.records(seconds), self.sync_tolerance_ms)

    def record_trace(self, seconds: float = 30.0) -> pd.DataFrame:
        """Return the trace of the next ``seconds``, one row per captured frame, for ``simulate``.

        Ctrl-C cancels it. Raises InvalidRequestError, LimitError or SourceUnreachableError.
        """
        require("pandas", "traces")
        from streamlab.analysis.record import record  # noqa: PLC0415

        self._shown.check_open()
        runtime = self._shown.runtime
        return runtime.call(record(self._shown.camera, runtime.subscriptions, seconds=seconds))

    def __repr__(self) -> str:
        shown, metadata = self._shown, self._shown.metadata
        described = (
            f"LabCamera({self.name!r}, {self.source}, {self.state}, "
            f"{metadata.width}x{metadata.height} at {float(metadata.fps):g} fps, "
            f"detector {shown.detector_name}, {self.policy} within {self.sync_tolerance_ms:g} ms)"
        )
        return "\n".join([described, *(f"  {problem}" for problem in self.health.problems)])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"
