"""Warns in the notebook cell, or at the line of the script, that caused a camera's trouble."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextvars import Context, copy_context
from typing import NamedTuple, Self

from streamlab.clock import monotonic_ns
from streamlab.core.channels import SourceState
from streamlab.core.time.timebase import NS_PER_S
from streamlab.protocol.health import CameraHealth
from streamlab.viewers import Camera

AGAIN_NS = 60 * NS_PER_S
"""The same reason of the same part is not warned of more often than this."""
MAX_REASONS = 3
"""Of one part, in that time: an error may say something else for every picture."""
_DIGITS = re.compile(r"\d+( pictures?)?")
_PACKAGE = __name__.partition(".")[0]
_QUIET = (SourceState.LIVE, SourceState.CONNECTING, SourceState.ENDED)


class CameraWarning(UserWarning):
    """A part of a camera of a lab does not work; the message says which, and why."""


class Place(NamedTuple):
    """A line of the user's code, and the context that leads its output into the right cell."""

    filename: str
    lineno: int
    context: Context

    @classmethod
    def of_caller(cls) -> Self:
        """Return the innermost line on the stack that is not the package's own."""
        frame = sys._getframe(1)
        while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
            frame = frame.f_back
        return cls(frame.f_code.co_filename, frame.f_lineno, copy_context())


class HealthWarnings:
    """Warns when the source, the detector, the renderer or the encoder of a camera starts to fail.

    Not while faults are injected: those are on purpose. Call ``check`` about twice a second.
    """

    def __init__(self, camera: Camera) -> None:
        self._camera: Camera | None = camera
        self._added = Place.of_caller()
        self._places: dict[str, Place] = {}
        self._failing: set[tuple[str, str]] = set()
        self._warned_ns: dict[tuple[str, str], int] = {}  # by part and reason

    def set_place(self, part: str) -> None:
        """Warn of a part at the user's line that is running now, which has replaced the part."""
        self._places[part] = Place.of_caller()
        self._warned_ns = {key: at for key, at in self._warned_ns.items() if key[0] != part}

    def close(self) -> None:
        """Let go of the camera."""
        self._camera = None

    def check(self) -> None:
        """Warn of what has begun to fail since the last call. For use in the lab's loop."""
        camera = self._camera
        if camera is None or camera.end_reason is not None or camera.faults.describe():
            return
        problems = dict(_problems(camera.status().health))
        reasons = {(part, _DIGITS.sub("", text)) for part, text in problems.items()}
        now_ns = monotonic_ns()
        self._warned_ns = {key: at for key, at in self._warned_ns.items() if now_ns - at < AGAIN_NS}
        for part, reason in reasons - self._failing - self._warned_ns.keys():
            if sum(key[0] == part for key in self._warned_ns) >= MAX_REASONS:
                continue
            self._warned_ns[part, reason] = now_ns
            self._warn(part, f"camera '{camera.camera_id}': {problems[part]}")
        self._failing = reasons

    def _warn(self, part: str, text: str) -> None:
        place = self._places.get(part, self._added)
        place.context.run(warnings.warn_explicit, text, CameraWarning, place.filename, place.lineno)


def _problems(health: CameraHealth) -> Iterator[tuple[str, str]]:
    if health.state not in _QUIET:
        yield "source", health.source_problem
    for channel in health.channels:
        for part in channel.failing:
            yield part, channel.problems[part]


def _is_ours(module: str) -> bool:
    return module == _PACKAGE or module.startswith(f"{_PACKAGE}.")
