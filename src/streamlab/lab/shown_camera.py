"""State of a lab's camera that its handle, its widgets and their streams share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, NamedTuple, Protocol
from weakref import WeakSet

from streamlab.clock import monotonic_ns
from streamlab.core.channels import CameraMetadata
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.sync.settings import SyncSettings
from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import InvalidRequestError
from streamlab.faults import NO_FAULTS, Faults, find_preset
from streamlab.lab.choices import checked
from streamlab.lab.displays import DISPLAYS
from streamlab.lab.health_warnings import HealthWarnings
from streamlab.lab.runtime import LabClosedError, Runtime
from streamlab.settings import PlayoutDelayMs, StaleFraction, ToleranceMs
from streamlab.viewers import Camera
from streamlab.viewers.decoded_snapshot import look
from streamlab.viewers.history import FrameHistory, FrameRecord

FIRST_LOOK_S = 2.0
FRESH_S = 1.0

_SYNC: Mapping[str, Any] = {
    "policy": SyncPolicy,
    "sync_tolerance_ms": ToleranceMs,
    "max_playout_delay_ms": PlayoutDelayMs,
    "max_stale_fraction": StaleFraction,
}


class LiveView(Protocol):
    """A live view of a camera."""

    def switch(self, view: str | None) -> None:
        """Show another view; None swaps raw and annotated."""
        ...

    def show_sync(self, policy: str, sync_tolerance_ms: float) -> None:
        """Show the camera's current synchronisation settings."""
        ...

    def follow(self, cam: ShownCamera) -> None:
        """Continue with ``cam``, which has replaced this view's camera."""
        ...


class _Description(NamedTuple):
    """What a camera was when it was removed."""

    metadata: CameraMetadata
    sync_settings: SyncSettings
    detector_name: str


class ShownCamera:
    """A camera of a lab, with its frame history and its live views.

    Notebooks keep what they have displayed (``Out``), so a removed camera is let go here: what
    describes it stays, the camera itself and its lab's runtime do not. Call ``change_sync`` and
    ``change_faults`` in the lab's loop, all else from any thread.
    """

    def __init__(self, runtime: Runtime, camera: Camera) -> None:
        self.name = camera.camera_id
        """The camera's name in the lab."""
        self.spec = camera.spec
        self.history = FrameHistory()
        self._held: tuple[Runtime, Camera] | None = (runtime, camera)
        self._description = _describe(camera)
        self._views: WeakSet[LiveView] = WeakSet()
        self._listing = threading.Lock()  # views come on one thread and are listed on another
        self._fault_run = 0
        runtime.ask(lambda: self.history.follow(camera.events()))
        self.warnings = HealthWarnings(camera)
        runtime.check_regularly(self.history)
        runtime.check_regularly(self.warnings)

    def let_go(self) -> None:
        """Refer no longer to the camera and to the runtime; the camera was removed."""
        held = self._held
        if held is not None:
            self._description = _describe(held[1])
            self._held, self.history = None, FrameHistory()
            self.warnings.close()
            DISPLAYS.drop_unopened(lambda widget: getattr(widget, "_cam", None) is self)

    @property
    def runtime(self) -> Runtime:
        """The lab's runtime. Raises LabClosedError once the camera was let go."""
        return self._open[0]

    @property
    def camera(self) -> Camera:
        """The camera. Raises LabClosedError once it was let go."""
        return self._open[1]

    def post(self, call: Callable[..., object], *arguments: object) -> None:
        """Schedule a call in the lab's loop, or do nothing once the camera was let go."""
        held = self._held
        if held is not None:
            held[0].post(call, *arguments)

    @property
    def views(self) -> list[LiveView]:
        """The live views that somebody still refers to."""
        with self._listing:
            return list(self._views)

    def add_view(self, view: LiveView) -> None:
        """Add a live view."""
        with self._listing:
            self._views.add(view)

    @property
    def closed(self) -> bool:
        """True once the camera has ended or been removed, or the lab has been closed."""
        held = self._held
        return held is None or not held[0].running or held[1].end_reason is not None

    @property
    def metadata(self) -> CameraMetadata:
        """Metadata of the source, as far as it is known."""
        held = self._held
        return self._description.metadata if held is None else held[1].metadata

    @property
    def sync_settings(self) -> SyncSettings:
        """Synchronisation settings of the channels."""
        held = self._held
        return self._description.sync_settings if held is None else held[1].sync_settings

    @property
    def detector_name(self) -> str:
        """Name of the detector."""
        held = self._held
        return self._description.detector_name if held is None else held[1].detector().name

    @property
    def policy(self) -> str:
        """The current synchronisation policy."""
        return self.sync_settings.policy

    @property
    def sync_tolerance_ms(self) -> float:
        """How far apart the two channels may release a frame, ms."""
        return self.sync_settings.tolerance_ms

    def check_open(self) -> None:
        """Raise LabClosedError if the camera or its lab is closed."""
        if self.closed:
            raise self._closed_error

    def records(self, seconds: float) -> list[FrameRecord]:
        """Return the frames of the last ``seconds``.

        If nobody is watching, it first watches the camera for ``FIRST_LOOK_S``.
        """
        self.check_open()
        if not self._since(FRESH_S):
            self.runtime.call(look(self.camera, self.runtime.subscriptions, FIRST_LOOK_S))
        return self._since(seconds)

    def set_sync(self, name: str, value: object) -> None:
        """Change one setting of ``_SYNC``. Raises InvalidRequestError and LabClosedError."""
        self.check_open()
        self.runtime.ask(lambda: self.change_sync({name: value}))

    def change_sync(self, values: Mapping[str, object]) -> None:
        """Change settings of ``_SYNC`` by name; none of them if it raises InvalidRequestError."""
        unknown = values.keys() - _SYNC.keys()
        if unknown:
            raise InvalidRequestError(f"there is no setting '{min(unknown)}'")
        known = {name: checked(name, value, _SYNC[name]) for name, value in values.items()}
        renamed = {"tolerance_ms" if n == "sync_tolerance_ms" else n: v for n, v in known.items()}
        self.camera.change(**renamed)
        for view in self.views:
            view.show_sync(self.policy, self.sync_tolerance_ms)

    def change_faults(self, values: Mapping[str, Any], seconds: float | None) -> None:
        """Inject the faults given by ``values``; clear them after ``seconds``.

        ``values`` are fields of ``Faults``, and optionally the ``preset`` that they change. Raises
        InvalidRequestError.
        """
        self.camera.inject(_faults(values))
        self._fault_run += 1
        if seconds is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(seconds, self._end_faults, self._fault_run)

    def _since(self, seconds: float) -> list[FrameRecord]:
        since_ns = monotonic_ns() - round(seconds * NS_PER_S)
        return self.runtime.ask(lambda: self.history.since(since_ns))

    def _end_faults(self, run: int) -> None:
        if run == self._fault_run and not self.closed:  # not replaced since
            self.camera.inject(None)

    @property
    def _open(self) -> tuple[Runtime, Camera]:
        held = self._held
        if held is None:
            raise self._closed_error
        return held

    @property
    def _closed_error(self) -> LabClosedError:
        return LabClosedError(f"camera '{self.name}' was removed, or its lab was closed")


def _describe(camera: Camera) -> _Description:
    return _Description(camera.metadata, camera.sync_settings, camera.detector().name)


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
