"""Viewers of a server's cameras, each with one connection that a thread reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from types import TracebackType
from typing import Self

from tests.wire.client import Fragment, Stream
from tests.wire.sse import Event

PATIENCE_S = 120.0
CHANNELS = ("raw", "annotated")


class Viewer:
    """Watches both channels of a camera from ``__enter__`` on."""

    def __init__(self, server_url: str, camera_id: str) -> None:
        self.camera_id = camera_id
        self._stream = Stream(server_url, f"/streams/sse/{camera_id}/dual", initial_channel="both")
        self._thread = threading.Thread(target=self._read, name=f"viewer of {camera_id}")
        self._changed = threading.Condition()
        self._leaves = False
        self._failure = ""

    def __enter__(self) -> Self:
        self._stream.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leaves = True
        self._thread.join(PATIENCE_S)
        self._stream.close()

    def __len__(self) -> int:
        """Return how many events have come: the place of the next one."""
        return len(self._stream.log)

    def events(self, name: str, start: int = 0) -> list[Event]:
        """Return the events of a name that came from place ``start`` on."""
        return self._stream.all_of(name, start)

    def fragments(self, channel: str, start: int = 0) -> list[Fragment]:
        """Return the fragments of a channel that came from place ``start`` on."""
        return self._stream.fragments(channel, start)

    def wait_for(self, found: Callable[[Event], bool], start: int) -> int:
        """Wait for an event that came from place ``start`` on; return the place after it."""
        give_up_s = time.monotonic() + PATIENCE_S
        place = start
        with self._changed:
            while True:
                for event in self._stream.log[place:]:
                    place += 1
                    if found(event):
                        return place
                assert not self._failure, f"{self.camera_id}: {self._failure}"
                is_changed = self._changed.wait(give_up_s - time.monotonic())
                assert is_changed, f"{self.camera_id}: {self._stream.names()[-12:]}"

    def wait_for_live(self, start: int, count: int = 1) -> int:
        """Wait for so many live fragments of each channel; return the place after them."""
        ends = []
        for channel in CHANNELS:
            place = start
            for _ in range(count):
                place = self.wait_for(partial(_is_live, channel), place)
            ends.append(place)
        return max(ends)

    def _read(self) -> None:
        failure = ""
        try:
            while not self._leaves:
                self._stream.next_event()
                with self._changed:
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
            failure = repr(error)
        with self._changed:
            self._failure = failure
            self._changed.notify_all()


def holes(viewer: Viewer, start: int = 0) -> int:
    """Return how many sequence numbers are missing from place ``start`` on.

    Raises AssertionError if a fragment came twice, or sequence or PTS went back.
    """
    missing = 0
    for channel in CHANNELS:
        for before, after in pairwise(viewer.fragments(channel, start)):
            assert after.sequence > before.sequence, (before.event_id, after.event_id)
            assert after.pts >= before.end_pts, (before.event_id, after.event_id)
            missing += after.sequence - before.sequence - 1
    return missing


def drifts_ms(viewer: Viewer, start: int = 0) -> list[float]:
    """Return how far apart the channels of each frame arrived, from place ``start`` on."""
    raw, annotated = (
        {each.pts: each.arrived_at for each in viewer.fragments(channel, start)}
        for channel in CHANNELS
    )
    return [1000 * abs(annotated[pts] - raw[pts]) for pts in raw.keys() & annotated.keys()]


def has_fresh_boxes(event: Event) -> bool:
    """Return True if the fragment has boxes that were detected in it."""
    if event.name != "fragment" or event.data["cached"]:
        return False
    return any(frame.get("detections_pts") == frame["pts"] for frame in event.data["frames"])


def _is_live(channel: str, event: Event) -> bool:
    is_fragment = event.name == "fragment" and event.data["channel"] == channel
    return is_fragment and not event.data["cached"]
