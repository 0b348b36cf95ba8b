"""A lab: live cameras in a notebook or a script, beside the code that works on them."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from textwrap import indent
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from streamlab.config.naming import unused_name
from streamlab.config.source_credentials import with_known
from streamlab.errors import InvalidRequestError, UnknownCameraError
from streamlab.extras import require
from streamlab.lab.choices import (
    AnyDetector,
    AnyRenderer,
    as_origin,
    as_redacting,
    as_renderer,
)
from streamlab.lab.lab_camera import LabCamera, ViewName
from streamlab.lab.public import Public
from streamlab.lab.runtime import Runtime
from streamlab.lab.shown_camera import ShownCamera
from streamlab.lab.tables import cameras_table
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import Camera

if TYPE_CHECKING:
    import pandas as pd

    from streamlab.lab.widget import CameraGrid

# Only users who set up logging see log records; otherwise a cell shows only its own output.
logging.getLogger("streamlab").addHandler(logging.NullHandler())
_running: dict[str, Lab] = {}
_changing_running = threading.RLock()
_SYNTHETIC = SourceSpec.parse("synthetic://traffic")
_OPENED_ONCE = (SourceKind.WEBCAM, SourceKind.UDP)  # a device or a port, which the camera holds


class Lab(Public):
    """Runs cameras on background threads, so that a busy cell never stops the video.

    There is at most one lab of each name: creating another closes the previous one, so a cell can
    be run again. A lab runs until then, until ``close``, or until the process ends. Every member
    may be used from any thread.

    Args:
        name: names the lab within the process.
        detector: serves all cameras that are added without one. By default the shipped model serves
            synthetic cameras, and others are not annotated.
        settings: fields of ``streamlab.settings.Settings``: ``Lab(sync_tolerance_ms=20)``. With
            ``workers=1``, cameras run in a process of their own, apart from those with a renderer
            of your own; a detector of your own stays here and serves them. The default is 0: a
            cell that computes in pandas pauses the picture for 160 ms, with a worker for 130 ms,
            but a worker takes a second to start, and memory (``docs/workers.md``).

    Raises:
        InvalidRequestError: a setting is unknown or its value invalid.
        ModelError: the detector cannot be used.
    """

    def __init__(
        self,
        *,
        name: str = "lab",
        detector: AnyDetector | None = None,
        **settings: Any,
    ) -> None:
        chosen = _settings(settings)
        shared = None if detector is None else as_origin(detector, _SYNTHETIC)
        self._name = name
        self._changing = threading.RLock()
        self._cameras: dict[str, LabCamera] = {}
        self._runtime = Runtime(name, chosen, shared)
        with _changing_running:
            before = _running.pop(name, None)
            if before is not None:
                before.close()
            _running[name] = self

    @property
    def name(self) -> str:
        """The name that the lab was created with."""
        return self._name

    @property
    def cameras(self) -> Mapping[str, LabCamera]:
        """The cameras by name, in the order they were added."""
        return dict(self._cameras)

    def add(
        self,
        source: str | Path,
        name: str | None = None,
        *,
        detector: AnyDetector | None = None,
        renderer: AnyRenderer | None = None,
        redact: AnyRenderer | None = None,
    ) -> LabCamera:
        """Open a source as a camera. It replaces a camera of the same name, in its views too.

        The replaced camera runs until the new one is open, and on if that fails; only a webcam or
        a UDP port, which cannot be opened twice, is closed first.

        Args:
            source: as for ``streamlab serve``: ``synthetic://traffic``, a file, an ``rtsp://``
                address, or a webcam such as ``webcam://0``.
            name: the camera's name; by default it is named after its source.
            detector: as ``LabCamera.detector``.
            renderer: as ``LabCamera.renderer``.
            redact: a renderer that redacts, in place of ``renderer``: ``"pixelate"``, ``"blur"``,
                or annotators or a function as above, which are then taken to redact.

        Raises:
            SourceError: the source cannot be used (also its subclasses).
            ModelError: the detector or renderer cannot be used (also its subclasses).
            InvalidRequestError: the name or an option is invalid.
            LimitError: the lab already has ``max_cameras``.
        """
        known = self._runtime.manager.settings.credentials
        spec = with_known(SourceSpec.parse(str(source)), known)
        with self._changing:
            name = name or self._free_name(spec)
            own = None if detector is None else as_origin(detector, spec)
            if renderer is not None and redact is not None:
                raise InvalidRequestError("give 'renderer' or 'redact', not both")
            drawing = as_renderer(renderer) if redact is None else as_redacting(redact)
            if own is None:
                self._runtime.shares_detector(spec)
            replaced = self._cameras.get(name)
            with self._runtime.loaded(own) as used:
                if replaced is not None and spec.kind in _OPENED_ONCE:
                    self.remove(name)
                camera = self._runtime.call(
                    self._runtime.manager.add_camera(
                        name, spec, detector=used, renderer=drawing, replace=replaced is not None
                    )
                )
            self._cameras.pop(name, None)
            added = self._cameras[name] = LabCamera(ShownCamera(self._runtime, camera))
        if replaced is not None:
            for view in replaced._shown.views:
                view.follow(added._shown)
            replaced._shown.let_go()
        return added

    def remove(self, name: str) -> None:
        """Stop a camera; its views show that it has ended. Raises UnknownCameraError."""
        with self._changing:
            shown = self[name]._shown
            del self._cameras[name]
            self._runtime.call(self._runtime.manager.remove(shown.camera))
            shown.let_go()

    def grid(self, view: ViewName = "both", *, columns: int = 2) -> CameraGrid:
        """Return all cameras in one live view. Needs the ``lab`` extra."""
        require("anywidget", "lab")
        from streamlab.lab.widget import CameraGrid, CameraView  # noqa: PLC0415

        quality = "low" if len(self._cameras) > 2 else "medium"
        views = [CameraView(cam._shown, view=view, quality=quality) for cam in self]
        return CameraGrid(views, columns)

    def stats(self) -> pd.DataFrame:
        """Return one row per camera: its source, its state and its settings."""
        require("pandas", "traces")
        statuses = self._runtime.ask(lambda: [camera.status() for camera in self._open_cameras()])
        return cameras_table(statuses)

    def serve(self, port: int = 0, *, host: str = "127.0.0.1") -> str:
        """Serve these cameras over HTTP as well, and return the URL of the page.

        ``port`` 0 selects any free port. A lab has one server: later calls return the same URL.
        Raises PortInUseError.
        """

        from streamlab.lab.server import LabServer  # noqa: PLC0415 - takes half a second

        async def start() -> LabServer:
            server = LabServer(self._runtime.manager, host, port)
            await server.start()
            return server

        with self._changing:
            if self._runtime.server is None:
                self._runtime.server = self._runtime.call(start())
            return self._runtime.server.url

    def close(self) -> None:
        """Stop all cameras and the server. May be called twice."""
        with _changing_running, self._changing:
            self._runtime.close()
            for cam in self:
                cam._shown.let_go()
            if _running.get(self.name) is self:
                del _running[self.name]

    def __getitem__(self, name: str) -> LabCamera:
        try:
            return self._cameras[name]
        except KeyError:
            known = ", ".join(self._cameras) or "none yet"
            raise UnknownCameraError(f"there is no camera '{name}' (there are: {known})") from None

    def __iter__(self) -> Iterator[LabCamera]:
        return iter(list(self._cameras.values()))

    def __len__(self) -> int:
        return len(self._cameras)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if not self._runtime.running:
            return f"Lab({self.name!r}, closed)"
        lines = [indent(repr(cam), "  ") for cam in self]
        served = f", serving {self._runtime.server.url}" if self._runtime.server is not None else ""
        return "\n".join([f"Lab({self.name!r}{served}) with {len(lines)} cameras", *lines])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"

    def _open_cameras(self) -> list[Camera]:
        return [cam._shown.camera for cam in self]

    def _free_name(self, spec: SourceSpec) -> str:
        """Return the name of the camera that has this source already, or an unused name."""
        for cam in self:
            if cam._shown.spec == spec:
                return cam.name
        taken = self._runtime.ask(lambda: self._runtime.manager.names)  # also those added by HTTP
        return unused_name(spec, {*self._cameras, *taken})


def _settings(given: Mapping[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = error.errors()[0]
        name = ".".join(map(str, wrong["loc"]))
        raise InvalidRequestError(
            f"setting {name} is {_shown(name, wrong['input'])}: {wrong['msg']}",
            hint=f"Settings: {', '.join(Settings.model_fields)}.",
        ) from None


def _shown(name: str, value: object) -> str:
    return "not a token" if "token" in name else repr(value)


@atexit.register
def _abandon_all() -> None:
    for lab in list(_running.values()):
        lab._runtime.abandon()
    _running.clear()
