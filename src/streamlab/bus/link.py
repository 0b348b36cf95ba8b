"""The connection between a camera and the worker process that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from streamlab.bus.load_plan import CameraLoad
from streamlab.bus.replies import Events, Figures, Report, Stopped
from streamlab.bus.requests import DetectorReference, GiveUp, Request
from streamlab.detect.detector import Detector
from streamlab.media.spec import SourceSpec


class RemoteCamera(Protocol):
    """A camera, as its worker process sees it."""

    number: int
    """No other camera of any worker has it."""
    camera_id: str

    @property
    def worker(self) -> str:
        """The worker process that runs it."""
        ...

    @property
    def spec(self) -> SourceSpec:
        """Its source."""
        ...

    @property
    def detectors(self) -> Sequence[Detector]:
        """The detectors of its channels."""
        ...

    def load(self, now_ns: int) -> CameraLoad:
        """Return what is known of the load."""
        ...

    async def move(self, link: Link, opening: int | None, why: str) -> bool:
        """Go on in another worker, which has opened the source under this number, or not yet.

        Returns False if the camera was stopped meanwhile.
        """
        ...

    def begin(self) -> None:
        """Have the present worker run the camera."""
        ...

    def receive(self, reply: Events | Report | Figures | Stopped) -> None:
        """Take what the worker says of this camera. Raises msgspec.ValidationError."""
        ...

    def receive_worker_end(self, why: str, retry_at: float) -> None:
        """Take that the worker has ended, and when the next one starts, Unix seconds."""
        ...


class Link(Protocol):
    """A worker process, as its cameras see it."""

    name: str
    run: int
    """Counts its processes."""

    @property
    def is_up(self) -> bool:
        """True while the process takes requests."""
        ...

    def send(self, request: Request) -> None:
        """Send a request; it is lost unless the link is up."""
        ...

    def begin_opening(self, spec: SourceSpec, timeout_s: float) -> Future[RemoteSource]:
        """Open a source in the worker, once it is up."""
        ...

    async def share(self, detector: Detector) -> DetectorReference:
        """Give the worker access to a detector. Raises EOFError if the worker has ended."""
        ...

    def join(self, camera: RemoteCamera) -> None:
        """Add a camera, which is told when it can begin and what the worker says of it."""
        ...

    def leave(self, number: int) -> None:
        """Forget a camera."""
        ...


class RemoteSource:
    """A source that a worker has opened."""

    def __init__(self, link: Link, opening: int) -> None:
        self.link = link
        self._opening = opening
        self._run = link.run

    def close(self) -> None:
        """Have the worker close it."""
        if self.opening is not None:
            self.link.send(GiveUp(self._opening))

    @property
    def opening(self) -> int | None:
        """Its number in the worker; None if that has ended since."""
        return self._opening if self._run == self.link.run else None
