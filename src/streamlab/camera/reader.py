"""The thread that reads a source: opens it, reopens it after a loss, and passes on its frames."""

from __future__ import annotations

import threading
from typing import Protocol

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    wait_exponential,
    wait_random,
)
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_when_event_set

from streamlab.camera.native_code import Section, within
from streamlab.clock import monotonic_ns, wall_s
from streamlab.core.channels import SourceState
from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import SourceFormatError, SourceUnreachableError, StreamlabError
from streamlab.media.opening import open_source
from streamlab.media.source import Source, SourceFrame, SourceInfo
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.media.unexpected import log_unexpected, unexpected

BACKOFF_FIRST_S, BACKOFF_MAX_S, JITTER_S = 0.5, 5.0, 0.5
SHORT_SESSION_NS = 10 * NS_PER_S
# A format error of these is permanent; a server may answer differently once it has started.
_LASTING = (SourceKind.FILE, SourceKind.UNKNOWN)


class Receiver(Protocol):
    """Receives what a ``SourceReader`` reads and reports."""

    def receive_opening(self, source: Source, reader: SourceReader) -> None:
        """Receive a source that was opened."""
        ...

    def receive_frame(self, item: SourceFrame, info: SourceInfo, reader: SourceReader) -> None:
        """Receive the next picture."""
        ...

    def receive_loss(self, detail: str, retry_at: float | None) -> None:
        """Record why the source is not open; ``retry_at``: the next attempt, Unix seconds."""
        ...

    def receive_unexpected(self) -> None:
        """Count an error that the source should not have raised; ``receive_loss`` follows."""
        ...

    def receive_end(self, state: SourceState, detail: str) -> None:
        """Record that the source will not be opened again."""
        ...


class SourceReader(threading.Thread):
    """Reads a source until it has ended or ``stop`` was called. Reports nothing after that."""

    def __init__(
        self,
        name: str,
        spec: SourceSpec,
        source: Source | None,
        receiver: Receiver,
        native: Section,
        open_timeout_s: float,
        delay_s: float = 0.0,
    ) -> None:
        """Prepare the thread; ``start`` starts it.

        Args:
            source: a source that is already open; None: it is opened from ``spec``.
            native: entered while the source's native code runs.
            delay_s: how long to wait before the first opening.
        """
        super().__init__(name=name, daemon=True)
        self.stopping = threading.Event()
        self.opening_since_ns: int | None = None
        """When the opening in progress began, monotonic ns; None: none is in progress."""
        self.open_source: Source | None = None
        """The source that is being read now."""
        self._spec = spec
        self._given = source
        self._receiver = receiver
        self._native = native
        self._open_timeout_s = open_timeout_s
        self._delay_s = delay_s
        self._detail = ""
        self._given_up = ""
        self._logged = ""

    def give_up(self, why: str) -> None:
        """Close the source at its next packet and open it again; returns at once."""
        source = self.open_source
        if source is not None and not self._given_up:
            self._given_up = why
            source.stop()

    def stop(self) -> None:
        """Stop soon; returns at once. A read inside FFmpeg ends when it times out."""
        self.stopping.set()
        source = self.open_source
        if source is not None:
            source.stop()

    def run(self) -> None:
        """Read until stopped, or until the source has ended for good."""
        self.stopping.wait(self._delay_s)
        try:
            while not self.stopping.is_set() and self._attempts()(self._session):
                pass
        except StreamlabError as error:
            if not self.stopping.is_set():
                self._receiver.receive_end(SourceState.FAILED, str(error))

    def _attempts(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception(self._may_pass),
            wait=wait_exponential(BACKOFF_FIRST_S, BACKOFF_MAX_S) + wait_random(0, JITTER_S),
            stop=stop_when_event_set(self.stopping),
            sleep=sleep_using_event(self.stopping),
            before_sleep=self._tell,
            reraise=True,
        )

    def _may_pass(self, error: BaseException) -> bool:
        lasts = isinstance(error, SourceFormatError) and self._spec.kind in _LASTING
        return isinstance(error, StreamlabError) and not lasts

    def _tell(self, state: RetryCallState) -> None:
        if self.stopping.is_set() or state.outcome is None or state.next_action is None:
            return
        self._lose(str(state.outcome.exception()), state.next_action.sleep)

    def _lose(self, detail: str, wait_s: float) -> None:
        self._detail = detail
        self._receiver.receive_loss(detail, wall_s() + wait_s)

    def _session(self) -> bool:
        """Open and read the source once; return True to open it again.

        A loss after ``SHORT_SESSION_NS`` of reading is retried with the shortest delay.

        Raises:
            StreamlabError: it could not be opened, or was lost sooner, or is a file that is
                played once.
        """
        began_ns = monotonic_ns()
        try:
            return self._read()
        except Exception as error:  # noqa: BLE001 - the thread's boundary
            if self.stopping.is_set():
                return False
            is_short = monotonic_ns() - began_ns < SHORT_SESSION_NS
            failure = self._failure(error)
            if self._given_up:
                failure = SourceUnreachableError(self._given_up)
            if is_short or self.opening_since_ns is not None or self._is_read_once:
                raise failure from None
            self._logged = ""
            self._lose(str(failure), BACKOFF_FIRST_S)
        finally:
            self.opening_since_ns = None
        self.stopping.wait(BACKOFF_FIRST_S)
        return True

    def _read(self) -> bool:
        self.opening_since_ns = monotonic_ns()
        source, self._given = self._given, None
        if source is None:
            self._receiver.receive_loss(self._detail, None)
            with self._native:
                source = open_source(self._spec, self._open_timeout_s)
        self.open_source = source
        self.opening_since_ns = None
        try:
            return self._read_frames(source)
        finally:
            self.open_source = None
            self._close(source)

    def _close(self, source: Source) -> None:
        """Close a source; whether that succeeds changes nothing for the camera."""
        try:
            source.close()
        except Exception as error:  # noqa: BLE001 - the thread's boundary
            self._failure(error)

    def _failure(self, error: Exception) -> StreamlabError:
        """Return an error as a deliberate one; any other is counted, and logged if it is new."""
        if isinstance(error, StreamlabError):
            return error
        failure = unexpected(error, self._spec)
        self._receiver.receive_unexpected()
        if str(failure) != self._logged:
            self._logged = str(failure)
            log_unexpected(error, self._spec)
        return failure

    @property
    def _is_read_once(self) -> bool:
        return self._spec.kind is SourceKind.FILE and not self._spec.loop

    def _read_frames(self, source: Source) -> bool:
        if self.stopping.is_set():
            return False
        self._receiver.receive_opening(source, self)
        self._detail = self._given_up = ""
        for item in within(self._native, iter(source.frames())):
            if self.stopping.is_set():
                return False
            self._receiver.receive_frame(item, source.info, self)
        if not self.stopping.is_set():
            self._receiver.receive_end(SourceState.ENDED, "")
        return False
