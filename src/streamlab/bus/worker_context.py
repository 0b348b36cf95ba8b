"""What all worker processes of a carrier share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from streamlab.bus.link import RemoteCamera
from streamlab.bus.native_record import NativeCodeInside
from streamlab.detect.remote.pool import DetectorPool
from streamlab.media.spec import SourceSpec
from streamlab.processes.child import StartMethod
from streamlab.settings import Settings


class WorkerEnd(NamedTuple):
    """A process of a worker has ended, without having been asked to."""

    worker: str
    cameras: Mapping[int, RemoteCamera]
    """Those that it ran, by number."""
    openings: Mapping[int, SourceSpec]
    """The sources that it opened for new cameras, by number."""
    inside: NativeCodeInside
    """What native code its threads were in."""


class WorkerContext(NamedTuple):
    """What all worker processes of a carrier share."""

    settings: Settings
    detectors: DetectorPool
    numbers: Iterator[int]
    """Of cameras and openings."""
    report: Callable[[str, str], None]
    """Takes what happens to a process, in words; first the camera that it is about, or ''."""
    receive_end: Callable[[WorkerEnd], None]
    """Takes that a process has ended, before its cameras know."""
    method: StartMethod | None = None
    """How processes are started; None: the fastest way."""
