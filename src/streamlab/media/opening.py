"""Opens sources, in the calling thread or in a separate one with a timeout."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial

from streamlab.errors import LimitError, SourceError, SourceFormatError
from streamlab.media.hosts import hosts_of
from streamlab.media.networks import check_hosts
from streamlab.media.open_errors import no_picture
from streamlab.media.plugin_source import PluginSource
from streamlab.media.source import OPEN_TIMEOUT_S, Source
from streamlab.media.spec import SourceSpec
from streamlab.media.unexpected import deliberate
from streamlab.plugins import Registry

MAX_OPENINGS = 128
GRACE_S = 0.5  # lets FFmpeg's own timeout fire first: its error says more
# Each is called with a timeout in s.
SOURCES: Registry[[SourceSpec, float], Source] = Registry(
    "source", SourceError, ("info", "extradata", "reorders", "frames", "stop", "close")
)


def open_source(spec: SourceSpec, timeout_s: float = OPEN_TIMEOUT_S) -> Source:
    """Open a source; blocks until its first frame is known. Raises SourceError.

    FFmpeg may overrun ``timeout_s`` (while it resolves a host name, for example); ``open_within``
    does not.
    """
    if spec.objection:
        raise SourceFormatError(spec.objection)
    is_own = SOURCES.is_own(spec.kind)
    if spec.limits is not None and not is_own:
        check_hosts(hosts_of(spec.kind, spec.address), spec.limits.networks)
    source = SOURCES.make(spec.kind, spec, timeout_s)
    if is_own:
        return source
    return PluginSource(source, spec, partial(SOURCES.errors_of, spec.kind))


def begin_opening(
    spec: SourceSpec,
    timeout_s: float = OPEN_TIMEOUT_S,
    within: AbstractContextManager[object] | None = None,
) -> Future[Source]:
    """Open a source in a separate thread, ``within`` a context; ``give_up`` abandons it.

    The thread of an abandoned opening runs on, since FFmpeg cannot be interrupted while it
    resolves a host name, for example. Any error of the source is a SourceError in the outcome.
    Raises LimitError if ``MAX_OPENINGS`` are under way.
    """
    if not _openings.acquire(blocking=False):
        raise LimitError(
            f"{MAX_OPENINGS} sources are being opened already", hint="Try again in some seconds."
        )
    outcome: Future[Source] = Future()

    def work() -> None:
        try:
            with within or nullcontext():
                source = open_source(spec, timeout_s)
        except BaseException as error:  # noqa: BLE001 - passed on to the waiting caller
            if outcome.set_running_or_notify_cancel():
                outcome.set_exception(deliberate(error, spec))
        else:
            if outcome.set_running_or_notify_cancel():
                outcome.set_result(source)
            else:
                source.close()
        finally:
            _openings.release()

    threading.Thread(target=work, name="open-source", daemon=True).start()
    return outcome


def give_up(outcome: Future[Source]) -> None:
    """Abandon an opening: its source is closed now, or as soon as it has opened."""
    if not outcome.cancel() and outcome.exception() is None:
        outcome.result().close()


_openings = threading.BoundedSemaphore(MAX_OPENINGS)


def open_within(spec: SourceSpec, timeout_s: float = OPEN_TIMEOUT_S) -> Source:
    """Open a source within ``timeout_s`` plus ``GRACE_S``. Raises SourceError, LimitError."""
    with ExitStack() as unless_opened:
        outcome = begin_opening(spec, timeout_s)
        unless_opened.callback(give_up, outcome)
        try:
            source = outcome.result(timeout_s + GRACE_S)
        except LateError:
            raise no_picture(spec, timeout_s) from None
        unless_opened.pop_all()
        return source
