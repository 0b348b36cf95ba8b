"""Opens sources: at once, or within a time-out for a caller that waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from pkgutil import resolve_name

from streamlab.errors import LimitError, SourceFormatError
from streamlab.media.open_errors import no_picture
from streamlab.media.source import OPEN_TIMEOUT_S, Source
from streamlab.media.spec import SourceKind, SourceSpec

MAX_OPENINGS = 128
GRACE_S = 0.5  # for FFmpeg's own time-out to tell more
_CONTAINER = "streamlab.media.container:ContainerSource"
# What opens each kind of source; imported when the first one is opened.
OPENERS: Mapping[SourceKind, str] = {
    SourceKind.SYNTHETIC: "streamlab.media.synthetic_source:SyntheticSource",
    SourceKind.FILE: _CONTAINER,
    SourceKind.RTSP: _CONTAINER,
    SourceKind.HTTP: "streamlab.media.http_source:open_http",
    SourceKind.UDP: _CONTAINER,
    SourceKind.WEBCAM: _CONTAINER,
}


def open_source(spec: SourceSpec, timeout_s: float = OPEN_TIMEOUT_S) -> Source:
    """Open a source: blocks until its first picture is known. Raises SourceError.

    FFmpeg may overrun ``timeout_s`` (when it resolves a name, say); ``open_within`` does not.
    """
    if spec.objection:
        raise SourceFormatError(spec.objection)
    opener: Callable[[SourceSpec, float], Source] = resolve_name(OPENERS[spec.kind])
    return opener(spec, timeout_s)


def begin_opening(spec: SourceSpec, timeout_s: float = OPEN_TIMEOUT_S) -> Future[Source]:
    """Open a source in a thread of its own; ``give_up`` ends the wait for it.

    The thread is left alone when nobody waits any more: FFmpeg cannot be interrupted while it
    resolves a name, say. Raises LimitError when too many are left.
    """
    if not _openings.acquire(blocking=False):
        raise LimitError(
            f"{MAX_OPENINGS} sources are being opened already", hint="Try again in some seconds."
        )
    outcome: Future[Source] = Future()

    def work() -> None:
        try:
            source = open_source(spec, timeout_s)
        except BaseException as error:  # noqa: BLE001 - handed to the one who waits
            if outcome.set_running_or_notify_cancel():
                outcome.set_exception(error)
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
    """Have a source closed that nobody wants any more, when it comes."""
    if not outcome.cancel() and outcome.exception() is None:
        outcome.result().close()


_openings = threading.BoundedSemaphore(MAX_OPENINGS)


def open_within(spec: SourceSpec, timeout_s: float = OPEN_TIMEOUT_S) -> Source:
    """Open a source, in ``timeout_s`` and a little. Raises SourceError, LimitError."""
    outcome = begin_opening(spec, timeout_s)
    try:
        return outcome.result(timeout_s + GRACE_S)
    except LateError:
        raise no_picture(spec, timeout_s) from None
    finally:
        if not outcome.done():
            give_up(outcome)
