"""What the server asks of a worker process. Pickled: the server is trusted, and only it sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from streamlab.core.channels import ChannelKey
from streamlab.detect.detector import DetectorKind
from streamlab.detect.filter import DetectionOptions
from streamlab.detect.load import Recipe
from streamlab.faults.definition import Faults
from streamlab.media.spec import SourceSpec
from streamlab.settings import Settings


class ProcessDetector(NamedTuple):
    """A detector in another process: its own, or the server's."""

    number: int
    """Of the socket to it, which the worker was passed before; 0: there is none at the moment."""
    name: str
    kind: DetectorKind


DetectorReference = Recipe | ProcessDetector
"""A detector of a worker: one that it loads itself, or a connection to another process."""


class ChannelDefinition(NamedTuple):
    """An annotated channel, of values."""

    name: str
    detector: DetectorReference
    renderer: bytes
    """Pickled: it may be large, and is sent again to each worker that the camera gets."""
    detections: DetectionOptions


class CameraDefinition(NamedTuple):
    """All that a worker needs to run a camera."""

    camera_id: str
    spec: SourceSpec
    channels: tuple[ChannelDefinition, ...]
    settings: Settings
    first_sequence: int


class Open(NamedTuple):
    """Open a source, and answer with ``replies.Opened``."""

    opening: int
    spec: SourceSpec
    timeout_s: float


class GiveUp(NamedTuple):
    """Close a source that no camera has been made with, or stop opening it."""

    opening: int


class Start(NamedTuple):
    """Run a camera, with a source that is open already or None."""

    camera: int
    definition: CameraDefinition
    opening: int | None


class Stop(NamedTuple):
    """Stop a camera, and answer with ``replies.Stopped``."""

    camera: int


class Encoders(NamedTuple):
    """Run exactly these encoders of a camera."""

    camera: int
    wanted: frozenset[ChannelKey]


class Observe(NamedTuple):
    """Send finished fragments and the timings of detections, too, or no longer."""

    camera: int
    observed: bool


class Change(NamedTuple):
    """Change a camera; the report that has ``change`` in it, or a later one, shows that."""

    camera: int
    change: int
    sync: Mapping[str, Any] = {}
    faults: Faults | None = None
    channel: str = ""
    detector: DetectorReference | None = None
    renderer: bytes | None = None
    """Pickled."""


class Measure(NamedTuple):
    """Answer with ``replies.Figures``."""

    camera: int
    question: int
    window_s: float


Request = Open | GiveUp | Start | Stop | Encoders | Observe | Change | Measure
