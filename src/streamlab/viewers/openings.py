"""Opens the sources of new cameras, each under its camera's id until it is open or abandoned."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future

from streamlab.bus.carrier import Carrier, OpenSource
from streamlab.errors import SourceUnreachableError
from streamlab.media.open_errors import no_picture
from streamlab.media.opening import GRACE_S
from streamlab.media.spec import SourceSpec


class Openings:
    """The cameras that are being opened, in one event loop."""

    def __init__(self, carrier: Carrier, timeout_s: float) -> None:
        self._carrier = carrier
        self._timeout_s = timeout_s
        self._unwanted: dict[str, asyncio.Future[None]] = {}  # done: abandoned

    def __contains__(self, camera_id: object) -> bool:
        return camera_id in self._unwanted

    def __iter__(self) -> Iterator[str]:
        return iter(self._unwanted)

    def __len__(self) -> int:
        return len(self._unwanted)

    async def open(self, camera_id: str, spec: SourceSpec) -> OpenSource:
        """Open a source; whoever cancels or abandons this has nothing to close.

        Raises SourceError, also if it is abandoned, and LimitError.
        """
        opening = self._carrier.begin_opening(spec, self._timeout_s)
        opened = asyncio.wrap_future(opening)
        unwanted = self._unwanted[camera_id] = asyncio.get_running_loop().create_future()
        is_taken = False
        try:
            await asyncio.wait(
                (opened, unwanted),
                timeout=self._timeout_s + GRACE_S,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if unwanted.done():
                raise SourceUnreachableError(f"camera '{camera_id}' was removed while being opened")
            if not opened.done():
                raise no_picture(spec, self._timeout_s)
            source, is_taken = opened.result(), True
            return source
        finally:
            if not is_taken:
                if not opened.cancel():
                    opened.exception()  # nobody else asks for it
                _give_up(opening)
            if self._unwanted.get(camera_id) is unwanted:
                del self._unwanted[camera_id]

    def abandon(self, camera_id: str) -> bool:
        """Abandon an opening; its id is free at once. Returns False if there is none."""
        unwanted = self._unwanted.pop(camera_id, None)
        if unwanted is None:
            return False
        if not unwanted.done():
            unwanted.set_result(None)
        return True


def _give_up(opening: Future[OpenSource]) -> None:
    if not opening.cancel() and opening.exception() is None:
        opening.result().close()
