"""The media side of a lab: its cameras and subscriptions, in a loop on a background thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakSet

from streamlab.bus.choice import carrier_of
from streamlab.clock import monotonic_ns
from streamlab.detect.detector import Detector
from streamlab.detect.load import load_detector
from streamlab.detect.shipped import DEFAULT_MODEL
from streamlab.errors import StreamlabError
from streamlab.lab.credit import PING_S, KernelListener
from streamlab.lab.displays import DISPLAYS
from streamlab.loop_thread import LoopStoppedError, LoopThread
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager

if TYPE_CHECKING:
    from streamlab.lab.server import LabServer

T = TypeVar("T")
CHECK_EVERY_S = 0.5
CANCEL_TIMEOUT_S = 1.0


class LabClosedError(StreamlabError, RuntimeError):
    """The lab was closed, or the camera was removed."""


class Checked(Protocol):
    """Something that needs periodic maintenance."""

    def check(self) -> None:
        """Do the work that is due. Called about twice a second, in the loop."""
        ...

    def close(self) -> None:
        """Let go of the cameras: the lab is being closed."""
        ...


class Runtime:
    """Runs a lab's cameras and subscriptions on one background thread.

    ``detector`` serves all cameras; without one the shipped model serves the synthetic ones. Create
    it on the thread that runs the notebook's cells: that thread's event loop shows when the kernel
    could receive messages from its front end.
    """

    def __init__(self, name: str, settings: Settings, detector: Detector | None) -> None:
        try:
            kernel_loop = asyncio.get_running_loop()
        except RuntimeError:  # not in a notebook
            kernel_loop = None
        self.listener = KernelListener(kernel_loop, monotonic_ns)
        self.manager = StreamChannelManager(
            settings, detector, only_synthetic=detector is None, carrier=carrier_of(settings)
        )
        self.subscriptions = ChannelSubscriptionManager(self.manager)
        self._checked: WeakSet[Checked] = WeakSet()  # changed and listed in the loop only
        self.server: LabServer | None = None
        self._thread = LoopThread(f"streamlab-{name}")
        self._ticks = 0
        self._thread.post(self._tick)

    @property
    def running(self) -> bool:
        """True until the lab is closed."""
        return self._thread.running

    def shares_detector(self, spec: SourceSpec) -> bool:
        """Return True if a camera with this source uses the shared detector.

        Loads the shipped model when it is first needed.
        """
        services = self.manager.services
        if not services.only_synthetic:
            return True
        if spec.kind is not SourceKind.SYNTHETIC:
            return False
        services.shared = services.shared or load_detector(DEFAULT_MODEL)
        return True

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` in the loop and return its result.

        Raises LabClosedError if the lab is closed, also meanwhile, and whatever ``work`` raises.
        """
        try:
            return self._thread.call(work)
        except LoopStoppedError:
            raise LabClosedError("the lab is closed", hint="Make another with Lab().") from None

    def ask(self, question: Callable[[], T]) -> T:
        """Call ``question`` in the loop and return its result. Raises as ``call`` does."""

        async def answer() -> T:
            return question()

        return self.call(answer())

    def post(self, call: Callable[..., object], *arguments: object) -> None:
        """Schedule a call in the loop without waiting for it."""
        self._thread.post(call, *arguments)

    def check_regularly(self, checked: Checked) -> None:
        """Call ``checked.check`` about twice a second, as long as others refer to it."""
        self.post(self._checked.add, checked)

    def close(self) -> None:
        """Stop the cameras (viewers get ``end``), the server and the thread."""
        if self.running:
            self.call(self._close())
            self._thread.stop()

    def abandon(self) -> None:
        """Stop the threads when the process exits and no new ones can be started."""
        for camera in list(self.manager.cameras.values()):
            camera.abandon()
        self._thread.stop()

    async def _close(self) -> None:
        await self.manager.close()
        for each in list(self._checked):
            each.close()
        if self.server is not None:
            await self.server.close()
        await _cancel_others()

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(PING_S, self._tick)
        loop.call_soon(self.listener.ping)
        self._ticks += 1
        if self._ticks % round(CHECK_EVERY_S / PING_S) == 0:
            loop.call_soon(DISPLAYS.drop_silent, self.listener.listened_ns())
            for each in list(self._checked):
                loop.call_soon(each.check)  # on its own: the loop logs it if it raises


async def _cancel_others() -> None:
    """Cancel all tasks that still run, and wait until they have ended, but not for long."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=CANCEL_TIMEOUT_S)
