"""What a camera needs of the worker process that runs it."""

from __future__ import annotations

from typing import Protocol

from streamlab.bus.requests import DetectorReference, Request
from streamlab.detect.detector import Detector


class Link(Protocol):
    """The connection to the worker process of a camera."""

    name: str

    @property
    def is_up(self) -> bool:
        """True while the process takes requests."""
        ...

    def send(self, request: Request) -> None:
        """Send a request; it is lost unless the link is up."""
        ...

    async def share(self, detector: Detector) -> DetectorReference:
        """Give the worker access to a detector. Raises EOFError if the worker has ended."""
        ...

    def leave(self, number: int) -> None:
        """Forget a camera."""
        ...
