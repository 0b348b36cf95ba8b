"""The media side of a lab: its cameras and those who watch them, in a loop of its own thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakSet

from streamlab.clock import monotonic_ns
from streamlab.detect.detector import Detector
from streamlab.detect.load import load_detector
from streamlab.detect.shipped import DEFAULT_MODEL
from streamlab.errors import StreamlabError
from streamlab.lab.credit import PING_S, KernelListener
from streamlab.loop_thread import LoopThread
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager

if TYPE_CHECKING:
    from streamlab.lab.server import LabServer

T = TypeVar("T")


class LabClosedError(StreamlabError, RuntimeError):
    """The laboratory, or the camera, is no longer there."""


class Checked(Protocol):
    """Something that wants to look after itself now and then."""

    def check(self) -> None:
        """Do what is due. Called about once a second, in the loop."""
        ...


class Runtime:
    """Cameras, subscriptions, and the thread they live in.

    ``detector`` serves all cameras; without one the shipped model serves the synthetic ones. Made
    on the thread that runs the notebook's cells, whose loop tells when the kernel could hear its
    front end.
    """

    def __init__(self, name: str, settings: Settings, detector: Detector | None) -> None:
        try:
            kernel_loop = asyncio.get_running_loop()
        except RuntimeError:  # not in a notebook
            kernel_loop = None
        self.listener = KernelListener(kernel_loop, monotonic_ns)
        self.channels = StreamChannelManager(settings, detector, only_synthetic=detector is None)
        self.subscriptions = ChannelSubscriptionManager(self.channels)
        self.checked: WeakSet[Checked] = WeakSet()
        self.server: LabServer | None = None
        self._thread = LoopThread(f"streamlab-{name}")
        self._ticks = 0
        self._thread.post(self._tick)

    @property
    def running(self) -> bool:
        """Whether it has not been closed."""
        return self._thread.running

    def shares_detector(self, spec: SourceSpec) -> bool:
        """Return whether a camera of this source asks the shared detector.

        The shipped model is loaded when it is first needed.
        """
        services = self.channels.services
        if not services.only_synthetic:
            return True
        if spec.kind is not SourceKind.SYNTHETIC:
            return False
        services.shared = services.shared or load_detector(DEFAULT_MODEL)
        return True

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` returns in the loop. Raises LabClosedError, and what it raises."""
        if not self.running:
            work.close()
            raise LabClosedError("the lab is closed", hint="Make another with Lab().")
        return self._thread.call(work)

    def ask(self, question: Callable[[], T]) -> T:
        """Return what ``question`` returns in the loop."""

        async def answer() -> T:
            return question()

        return self.call(answer())

    def post(self, call: Callable[..., object], *arguments: object) -> None:
        """Have something called in the loop soon."""
        self._thread.post(call, *arguments)

    def close(self) -> None:
        """Stop the cameras (viewers get ``end``), the server and the thread."""
        if self.running:
            self.call(self._close())
            self._thread.stop()

    def abandon(self) -> None:
        """Stop the threads at the end of the process, when no new one can be started."""
        for camera in list(self.channels.cameras.values()):
            camera.abandon()
        self._thread.stop()

    async def _close(self) -> None:
        await self.channels.close()
        if self.server is not None:
            await self.server.close()

    def _tick(self) -> None:
        self.listener.ping()
        self._ticks += 1
        if self._ticks % round(1 / PING_S) == 0:
            for each in list(self.checked):
                each.check()
        asyncio.get_running_loop().call_later(PING_S, self._tick)
