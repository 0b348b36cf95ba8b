"""Notebook widgets for live video: one ES module each, fed from the lab's thread."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextvars import copy_context
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets  # type: ignore[import-untyped,unused-ignore]
import numpy as np
import traitlets

from streamlab.core.channels import QualityLevel, View
from streamlab.core.sync.policy import SyncPolicy
from streamlab.errors import StreamlabError
from streamlab.lab.choices import Rgb
from streamlab.lab.feeds import ViewFeeds
from streamlab.lab.shown_camera import ShownCamera
from streamlab.viewers.decoded_snapshot import decode, jpeg

STATIC = Path(__file__).parent.parent / "web"
VIEWS = (View.RAW, View.ANNOTATED, View.BOTH, "overlay")
STILL_TIMEOUT_S = 2.0
_OWN_IMPORT = re.compile(r'^import [^;]*?from "\./[\w.]+";\n', re.MULTILINE)


def joined_module(*names: str) -> str:
    """Join files of ``web`` into one ES module. List each file after those that it imports."""
    texts = [(STATIC / name).read_text(encoding="utf-8") for name in names]
    return "\n".join(_OWN_IMPORT.sub("", text) for text in texts)


class LiveWidget(anywidget.AnyWidget):
    """Base of the widgets whose front end receives a camera's stream."""

    _css = STATIC / "widget.css"
    camera_id = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    height = traitlets.Int().tag(sync=True)

    def __init__(self, cam: ShownCamera, **traits: Any) -> None:
        super().__init__(**_size(cam), camera_id=cam.name, **traits)
        self._cam = cam
        self._feeds = ViewFeeds(cam, self.send)
        self.on_msg(self._receive)

    def close(self) -> None:
        """Close the streams of all views, then the widget."""
        self._cam.runtime.post(self._feeds.close)
        super().close()

    def announce(self) -> None:
        """Start a stream for a view that is about to be shown."""
        self._cam.runtime.post(self._feeds.announce, self._query())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.camera_id!r})"

    def _query(self) -> dict[str, str]:
        """Return the query of an announced stream."""
        return {"initial_channel": "none"}

    def _receive(self, _widget: object, message: Any, _buffers: object) -> None:
        on_main_thread = threading.current_thread() is threading.main_thread()
        self._cam.runtime.listener.receive_word(on_kernel_thread=on_main_thread)
        self._cam.runtime.post(self._feeds.receive, message, copy_context())

    def _repr_mimebundle_(self, **options: Any) -> Any:
        self.announce()
        return super()._repr_mimebundle_(**options)


class CameraView(LiveWidget):
    """Live video of a camera, with its controls. ``view`` and ``quality`` can be set.

    Displaying it also stores a still picture in the notebook, for those who read it later.
    """

    _esm = joined_module("player.js", "comm.js", "chart.js", "widget.js")
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
        self.show_sync(cam.policy, cam.sync_tolerance_ms)
        cam.runtime.post(self._feeds.follow, cam)

    def still(self) -> Rgb | None:
        """Return the view's picture (RGB), or None without a frame within ``STILL_TIMEOUT_S``."""
        runtime, quality = self._cam.runtime, QualityLevel.MEDIUM
        try:
            encoded = runtime.call(self._cam.camera.snapshot(quality, STILL_TIMEOUT_S))
            return decode(encoded).picture(self.view)
        except StreamlabError:
            return None

    @traitlets.observe("policy")
    def _set_policy(self, change: dict[str, Any]) -> None:
        if hasattr(self, "_cam") and change["new"] != self._cam.policy:
            self._cam.set_sync("policy", change["new"])

    @traitlets.observe("sync_tolerance_ms")
    def _set_tolerance(self, change: dict[str, Any]) -> None:
        if hasattr(self, "_cam") and change["new"] != self._cam.sync_tolerance_ms:
            self._cam.set_sync("sync_tolerance_ms", change["new"])

    def _query(self) -> dict[str, str]:
        source = self.quality == QualityLevel.SOURCE
        return {
            "initial_channel": "raw" if self.view == "overlay" else self.view,
            "raw_quality": self.quality,
            "annotated_quality": QualityLevel.HIGH if source else self.quality,
        }

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return _with_still(super()._repr_mimebundle_(**options), [self.still()])


class DriftPlot(LiveWidget):
    """A live plot of a camera's drift, with the tolerance as a band."""

    _esm = joined_module("player.js", "comm.js", "chart.js", "drift_plot.js")
    seconds = traitlets.Float(30.0).tag(sync=True)

    def __init__(self, cam: ShownCamera, *, seconds: float = 30.0) -> None:
        super().__init__(cam, seconds=seconds)


class CameraGrid(ipywidgets.GridBox):  # type: ignore[misc]
    """Shows several views side by side."""

    def __init__(self, views: Sequence[CameraView], columns: int) -> None:
        layout = ipywidgets.Layout(
            grid_template_columns=f"repeat({columns}, minmax(0, 1fr))", grid_gap="12px"
        )
        super().__init__(children=tuple(views), layout=layout)

    def __repr__(self) -> str:
        return f"CameraGrid({[view.camera_id for view in self.children]})"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        for view in self.children:
            view.announce()
        bundle = super()._repr_mimebundle_(**options)
        return _with_still(bundle, [view.still() for view in self.children])


def _with_still(bundle: Any, stills: Sequence[Rgb | None]) -> Any:
    """Add the stills, stacked, to a MIME bundle; those unlike the first in size are left out."""
    shown = [still for still in stills if still is not None]
    alike = [still for still in shown if still.shape == shown[0].shape]
    if bundle is not None and alike:
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data["image/jpeg"] = jpeg(np.vstack(alike))
    return bundle


def _size(cam: ShownCamera) -> dict[str, int]:
    metadata = cam.camera.metadata
    return {"width": metadata.width, "height": metadata.height}
