"""The media side of a lab: its cameras and subscriptions, in a loop on a background thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakSet

from streamlab.bus.choice import carrier_of
from streamlab.camera.detection import DetectionService
from streamlab.clock import monotonic_ns
from streamlab.detect.detector import Detector, LoadOptions
from streamlab.detect.load import LocalDetector, Origin, Recipe
from streamlab.detect.shipped import DEFAULT_MODEL
from streamlab.errors import StreamlabError
from streamlab.lab.credit import PING_S, KernelListener
from streamlab.lab.displays import DISPLAYS
from streamlab.loop_thread import LoopStoppedError, LoopThread
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.settings import LAB_WORKERS, Settings
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

    ``shared`` serves all cameras; without it the shipped model serves the synthetic ones. Create
    it on the thread that runs the notebook's cells: that thread's event loop shows when the kernel
    could receive messages from its front end.
    """

    def __init__(self, name: str, settings: Settings, shared: Origin | None) -> None:
        """Raises ModelError (also its subclasses) if ``shared`` cannot be loaded."""
        try:
            kernel_loop = asyncio.get_running_loop()
        except RuntimeError:  # not in a notebook
            kernel_loop = None
        self.listener = KernelListener(kernel_loop, monotonic_ns)
        self.manager = StreamChannelManager(
            settings, only_synthetic=shared is None, carrier=carrier_of(settings, LAB_WORKERS)
        )
        self.subscriptions = ChannelSubscriptionManager(self.manager)
        self._checked: WeakSet[Checked] = WeakSet()  # changed and listed in the loop only
        self.server: LabServer | None = None
        self._thread = LoopThread(f"streamlab-{name}")
        self._ticks = 0
        self._thread.post(self._tick)
        self._sharing = asyncio.Lock()
        if shared is not None:
            try:
                self.call(self._share(shared))
            except BaseException:
                self.close()
                raise

    @property
    def running(self) -> bool:
        """True until the lab is closed."""
        return self._thread.running

    def shares_detector(self, spec: SourceSpec) -> bool:
        """Return True if a camera with this source uses the shared detector.

        Loads the shipped model when it is first needed.
        """
        if not self.manager.services.only_synthetic:
            return True
        if spec.kind is not SourceKind.SYNTHETIC:
            return False
        self.call(self._share(Recipe(DEFAULT_MODEL, LoadOptions())))
        return True

    @contextmanager
    def loaded(self, origin: Origin | None) -> Iterator[Detector | None]:
        """Yield a detector, which runs on afterwards only if a camera uses it.

        None is for the shared one. Raises as ``load_detector`` does.
        """
        detector, service = self.call(self._load(origin))
        try:
            yield detector
        finally:
            if service is not None:
                self.post(self.manager.services.release, service)

    async def _load(self, origin: Origin | None) -> tuple[Detector | None, DetectionService | None]:
        if origin is None:
            return None, None
        detector = await self.manager.carrier.load_detector(origin)
        if origin == LocalDetector(detector):
            return detector, None  # a user may try again with an object that no camera has used
        return detector, self.manager.services.acquire(detector)

    async def _share(self, origin: Origin) -> None:
        services = self.manager.services
        async with self._sharing:
            if services.shared is None:
                services.shared = await self.manager.carrier.load_detector(origin)

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
        """Stop threads and processes when this process exits and no new ones can be started."""
        for camera in list(self.manager.cameras.values()):
            camera.abandon()
        with suppress(LoopStoppedError):
            self._thread.call(self.manager.carrier.close())
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
