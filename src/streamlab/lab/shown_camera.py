"""State of a lab's camera that its handle, its widgets and their streams share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Protocol
from weakref import WeakSet

from streamlab.core.sync.policy import SyncPolicy
from streamlab.errors import InvalidRequestError
from streamlab.faults import NO_FAULTS, Faults, find_preset
from streamlab.lab.choices import checked
from streamlab.lab.runtime import LabClosedError, Runtime
from streamlab.settings import PlayoutDelayMs, StaleFraction, ToleranceMs
from streamlab.viewers import Camera
from streamlab.viewers.history import FrameHistory

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


class ShownCamera:
    """A camera of a lab, with its frame history and its live views.

    Call ``change_sync`` and ``change_faults`` in the lab's loop, all else from any thread.
    """

    def __init__(self, runtime: Runtime, camera: Camera) -> None:
        self.runtime = runtime
        self.camera = camera
        self.history = FrameHistory()
        self._views: WeakSet[LiveView] = WeakSet()
        self._listing = threading.Lock()  # views come on one thread and are listed on another
        self._fault_run = 0
        runtime.ask(lambda: self.history.follow(camera.events()))
        runtime.check_regularly(self.history)

    @property
    def name(self) -> str:
        """The camera's name in the lab."""
        return self.camera.camera_id

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
        return not self.runtime.running or self.camera.end_reason is not None

    @property
    def policy(self) -> str:
        """The current synchronisation policy."""
        return self.camera.sync_settings.policy

    @property
    def sync_tolerance_ms(self) -> float:
        """How far apart the two channels may release a frame, ms."""
        return self.camera.sync_settings.tolerance_ms

    def check_open(self) -> None:
        """Raise LabClosedError if the camera or its lab is closed."""
        if self.closed:
            raise LabClosedError(f"camera '{self.name}' was removed, or its lab was closed")

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

    def _end_faults(self, run: int) -> None:
        if run == self._fault_run:  # not replaced since
            self.camera.inject(None)


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
