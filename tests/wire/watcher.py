"""A viewer in the background, who must not notice what other clients do wrong."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from .client import Stream

WAIT_TIMEOUT_S = 120.0


class Watcher:
    """Reads `raw` of a camera in a thread of its own; a context manager."""

    def __init__(self, server_url: str, camera_id: str = "street") -> None:
        self._stream = Stream(server_url, f"/streams/sse/{camera_id}/dual")
        self._thread = threading.Thread(target=self._read, name="watcher")
        self._changed = threading.Condition()
        self._is_leaving = False
        self._count = 0
        self._failure = ""

    def _read(self) -> None:
        last_sequence = None
        try:
            while not self._is_leaving:
                event = self._stream.next_event()
                self._stream.log.clear()
                if event.name in ("gap", "end"):
                    raise AssertionError(f"the watcher got {event.name} {event.data}")
                if event.name == "fragment":
                    sequence = event.data["sequence"]
                    if last_sequence is not None and sequence != last_sequence + 1:
                        raise AssertionError(f"{sequence} after {last_sequence}")
                    last_sequence = sequence
                    if not event.data["cached"]:
                        self._tell("")
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
            self._tell(repr(error))

    def _tell(self, failure: str) -> None:
        with self._changed:
            self._count += 1
            self._failure = failure
            self._changed.notify_all()

    def assert_goes_on(self, fragments: int = 3) -> None:
        """Wait for `fragments` more live fragments; fail when the stream broke or stands still."""
        with self._changed:
            goal = self._count + fragments
            arrived = self._changed.wait_for(
                lambda: self._count >= goal or bool(self._failure), WAIT_TIMEOUT_S
            )
            assert not self._failure, self._failure
            assert arrived, f"no fragment for {WAIT_TIMEOUT_S} s"

    def __enter__(self) -> Self:
        self._stream.__enter__()
        self._thread.start()
        self.assert_goes_on(1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_leaving = True
        self._thread.join(WAIT_TIMEOUT_S)
        self._stream.close()
