"""The sources that one worker process opens for cameras that do not exist yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from types import MappingProxyType

from streamlab.bus.link import Link, RemoteSource
from streamlab.bus.replies import Opened
from streamlab.bus.requests import GiveUp, Open
from streamlab.errors import SourceUnreachableError
from streamlab.media.spec import SourceSpec


class RemoteOpenings:
    """Asks for sources, and takes the answers."""

    def __init__(self, link: Link, numbers: Iterator[int]) -> None:
        self._link, self._numbers = link, numbers
        self._open: dict[int, tuple[Open, Future[RemoteSource]]] = {}

    def __len__(self) -> int:
        """Return how many have not been answered."""
        return len(self._open)

    @property
    def specs(self) -> Mapping[int, SourceSpec]:
        """The sources that are being opened, by number."""
        specs = {number: request.spec for number, (request, _) in self._open.items()}
        return MappingProxyType(specs)

    def begin(self, spec: SourceSpec, timeout_s: float) -> Future[RemoteSource]:
        """Open a source in the worker, once it is up."""
        number = next(self._numbers)
        outcome: Future[RemoteSource] = Future()
        request = Open(number, spec, timeout_s)
        self._open[number] = request, outcome
        outcome.add_done_callback(lambda _: self._forget(number))
        self._link.send(request)
        return outcome

    def receive_start(self) -> None:
        """Ask again: the worker is up."""
        for request, _ in list(self._open.values()):
            self._link.send(request)

    def receive(self, reply: Opened) -> None:
        """Take an answer; a source that nobody wants any more is closed."""
        _, outcome = self._open.get(reply.opening, (None, None))
        if outcome is None or not outcome.set_running_or_notify_cancel():
            self._link.send(GiveUp(reply.opening))
        elif reply.refusal is not None:
            outcome.set_exception(reply.refusal.error())
        else:
            outcome.set_result(RemoteSource(self._link, reply.opening))

    def receive_end(self, why: str) -> None:
        """Refuse all: the worker has ended."""
        for _, outcome in list(self._open.values()):
            if outcome.set_running_or_notify_cancel():
                outcome.set_exception(SourceUnreachableError(f"the source was not opened: {why}"))

    def _forget(self, number: int) -> None:
        _, outcome = self._open.pop(number)
        if outcome.cancelled():
            self._link.send(GiveUp(number))
