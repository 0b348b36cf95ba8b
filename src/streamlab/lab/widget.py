"""Notebook widgets for live video: one ES module each, fed from the lab's thread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets  # type: ignore[import-untyped,unused-ignore]
import traitlets

from streamlab.core.channels import QualityLevel, View
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.time.timebase import TIMESCALE
from streamlab.lab.displays import DISPLAYS
from streamlab.lab.drift_still import DriftPoint, drift_svg
from streamlab.lab.feeds import ViewFeeds, refusal
from streamlab.lab.runtime import LabClosedError
from streamlab.lab.shown_camera import ShownCamera
from streamlab.lab.stills import add, data_url, still_of
from streamlab.lab.weak_widget import WeakLayout, WeakWidget, call_weakly

BUNDLES = Path(__file__).parent.parent / "web" / "bundles"
JPEG, SVG = "image/jpeg", "image/svg+xml"
VIEWS = (View.RAW, View.ANNOTATED, View.BOTH, "overlay")


class LiveWidget(WeakWidget, anywidget.AnyWidget):
    """Base of the widgets whose front end receives a camera's stream.

    It lives while somebody refers to it or a front end displays it.
    """

    _css = (BUNDLES / "widget.css").read_text(encoding="utf-8")  # of a file, anywidget keeps users
    camera_id = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)
    still = traitlets.Unicode().tag(sync=True)
    """URL of the picture that stays in the notebook; shown while the kernel does not answer."""

    def __init__(self, cam: ShownCamera, **traits: Any) -> None:
        self._cam = cam
        self._feeds = ViewFeeds(cam, call_weakly(self.send))
        self.grid: CameraGrid | None = None
        """The grid that shows the widget, and is displayed as long as it."""
        super().__init__(
            **_size(cam),
            camera_id=cam.name,
            source=cam.spec.display,
            layout=WeakLayout(),
            **traits,
        )

    def close(self) -> None:
        """Close the streams of all views, then the widget."""
        DISPLAYS.drop(self)
        self._cam.post(self._feeds.close)
        super().close()

    def announce(self) -> None:
        """Start a stream for a view that is about to be shown."""
        DISPLAYS.announce(self)
        self._cam.post(self._feeds.announce, self._query())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.camera_id!r})"

    def _query(self) -> dict[str, str]:
        """Return the query of an announced stream."""
        return {"initial_channel": "none"}

    def _handle_custom_msg(self, message: Any, buffers: Any) -> None:
        super()._handle_custom_msg(message, buffers)
        DISPLAYS.receive(self, message)
        try:
            runtime = self._cam.runtime
        except LabClosedError as error:
            self._refuse(message, error)
            return
        on_main_thread = threading.current_thread() is threading.main_thread()
        runtime.listener.receive_word(on_kernel_thread=on_main_thread)
        runtime.post(self._feeds.receive, message, copy_context())

    def _refuse(self, message: Any, error: LabClosedError) -> None:
        answer = refusal(message, error)
        if answer is not None:
            self.send(answer)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        self.announce()
        return super()._repr_mimebundle_(**options)


class CameraView(LiveWidget):
    """Live video of a camera, with its controls. ``view`` and ``quality`` can be set.

    Displaying it also stores a still of bounded size in the notebook, for those who read it later.
    """

    _esm = (BUNDLES / "widget.js").read_text(encoding="utf-8")
    view = traitlets.Enum(VIEWS, "both").tag(sync=True)
    quality = traitlets.Enum(tuple(QualityLevel), QualityLevel.MEDIUM).tag(sync=True)
    policies = traitlets.List(list(SyncPolicy)).tag(sync=True)
    policy = traitlets.Enum(tuple(SyncPolicy)).tag(sync=True)
    sync_tolerance_ms = traitlets.Float().tag(sync=True)

    def __init__(self, cam: ShownCamera, *, view: str = "both", quality: str = "medium") -> None:
        super().__init__(
            cam,
            view=view,
            quality=quality,
            policy=cam.policy,
            sync_tolerance_ms=cam.sync_tolerance_ms,
        )
        cam.add_view(self)

    def switch(self, view: str | None) -> None:
        """Show another view; None swaps raw and annotated."""
        self.view = view or ("raw" if self.view == "annotated" else "annotated")

    def show_sync(self, policy: str, sync_tolerance_ms: float) -> None:
        """Show the camera's current synchronisation settings."""
        self.policy, self.sync_tolerance_ms = SyncPolicy(policy), sync_tolerance_ms

    def follow(self, cam: ShownCamera) -> None:
        """Continue with ``cam``, which has replaced this view's camera."""
        self._cam = cam
        cam.add_view(self)
        self.set_trait("width", _size(cam)["width"])
        self.set_trait("height", _size(cam)["height"])
        self.set_trait("source", cam.spec.display)
        self.show_sync(cam.policy, cam.sync_tolerance_ms)
        cam.post(self._feeds.follow, cam)

    @property
    def shown(self) -> tuple[ShownCamera, str]:
        """The camera, and the view of it that is shown."""
        return self._cam, self.view

    @traitlets.observe("policy")
    def _set_policy(self, change: dict[str, Any]) -> None:
        if self.comm is not None and change["new"] != self._cam.policy:
            self._cam.set_sync("policy", change["new"])

    @traitlets.observe("sync_tolerance_ms")
    def _set_tolerance(self, change: dict[str, Any]) -> None:
        if self.comm is not None and change["new"] != self._cam.sync_tolerance_ms:
            self._cam.set_sync("sync_tolerance_ms", change["new"])

    def _query(self) -> dict[str, str]:
        source = self.quality == QualityLevel.SOURCE
        return {
            "initial_channel": "raw" if self.view == "overlay" else self.view,
            "raw_quality": self.quality,
            "annotated_quality": QualityLevel.HIGH if source else self.quality,
        }

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        still = still_of([self.shown])
        self.still = data_url(JPEG, still)
        return add(bundle, JPEG, still)


class DriftPlot(LiveWidget):
    """A live plot of a camera's drift, with the tolerance as a band.

    Displaying it also stores the plot as it is then in the notebook, as a picture. If nobody was
    watching the camera, it is watched for two seconds first.
    """

    _esm = (BUNDLES / "drift_plot.js").read_text(encoding="utf-8")
    seconds = traitlets.Float(30.0).tag(sync=True)

    def __init__(self, cam: ShownCamera, *, seconds: float = 30.0) -> None:
        super().__init__(cam, seconds=seconds)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        still = self._draw()
        self.still = data_url(SVG, still)
        return add(bundle, SVG, still)

    def _draw(self) -> str | None:
        cam = self._cam
        with suppress(LabClosedError):
            points = [
                DriftPoint(record.pts / TIMESCALE, record.drift_ms)
                for record in cam.records(self.seconds)
                if record.drift_ms is not None
            ]
            return drift_svg(points, cam.sync_tolerance_ms, f"{self.camera_id}, {cam.policy}")
        return None


class CameraGrid(WeakWidget, ipywidgets.GridBox):  # type: ignore[misc]
    """Shows several views side by side. It lives while somebody refers to it or to a view of it."""

    def __init__(self, views: Sequence[CameraView], columns: int) -> None:
        layout = WeakLayout(
            grid_template_columns=f"repeat({columns}, minmax(0, 1fr))", grid_gap="12px"
        )
        super().__init__(children=tuple(views), layout=layout)
        self._columns = columns
        for view in views:
            view.grid = self

    def __repr__(self) -> str:
        return f"CameraGrid({[view.camera_id for view in self.children]})"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        for view in self.children:
            view.announce()
        bundle = super()._repr_mimebundle_(**options)
        still = still_of([view.shown for view in self.children], self._columns)
        return add(bundle, JPEG, still)


def _size(cam: ShownCamera) -> dict[str, int]:
    metadata = cam.metadata
    return {"width": metadata.width, "height": metadata.height}
