"""One camera in a worker process: its producer, and what it sends to the server."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import msgspec

from streamlab.bus.events import encode_events
from streamlab.bus.replies import Events, Figures, Reply, Report
from streamlab.bus.requests import CameraDefinition, Change
from streamlab.camera.frame import DetectionTimed, SourceChanged
from streamlab.camera.native_code import UNNOTED, NativeCode
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.camera.producer import (
    CameraProducer,
    HealthChanged,
    ProducerEvent,
    ReleaseBatch,
    SyncStateChanged,
)
from streamlab.camera.producer_report import ProducerReport
from streamlab.core.mp4.fragment import Fragment
from streamlab.media.source import Source

MAX_UNSENT_BYTES = 16 << 20
"""What the server has not taken, of all cameras of a worker, before releases are dropped."""
_REPORTED = (HealthChanged, SyncStateChanged, SourceChanged)  # the status shows them, too

COUNTED = ("dropped_at_seam", "observations_dropped")


class Sender(Protocol):
    """The connection to the server."""

    @property
    def unsent_bytes(self) -> int:
        """What the server has not taken yet."""
        ...

    def send(self, reply: Reply) -> None:
        """Send a message."""
        ...


class CameraAtWork:
    """Runs a producer and sends its events and its status."""

    def __init__(
        self,
        number: int,
        definition: CameraDefinition,
        source: Source | None,
        channels: Sequence[AnnotatedChannel],
        sender: Sender,
        native: NativeCode = UNNOTED,
    ) -> None:
        self.channels = {channel.name: channel for channel in channels}
        self.counts: Counter[str] = Counter()
        self._number = number
        self._sender = sender
        self._change = 0
        self._skips = False  # until the next keyframe, because the server lags behind
        self.producer = CameraProducer(
            definition.camera_id,
            definition.spec,
            source,
            channels,
            definition.settings,
            None,
            definition.first_sequence,
            self._receive,
            native,
        )

    def start(self) -> None:
        """Start the producer; the server gets the status first."""
        self.report()
        self.producer.start()

    def report(self) -> None:
        """Send the status."""
        report = ProducerReport.of(self.producer.status)
        report.counts |= {name: self.counts[name] for name in COUNTED}
        self._sender.send(Report(self._number, self._change, report))

    def receive_change(self, change: Change) -> None:
        """Apply a change whose detector is in ``channels`` already, and report it."""
        self._change = change.change
        if change.detector is not None:
            self.producer.request_detector(change.channel, self.channels[change.channel].service)
        if change.renderer is not None:
            self.producer.request_renderer(change.channel, pickle.loads(change.renderer))
        if change.faults is not None:
            self.producer.inject(change.faults)
        if change.sync:
            self.producer.request_sync(**change.sync)
        self.report()

    def measure(self, question: int, window_s: float) -> None:
        """Send the synchronisation measured over the last ``window_s`` seconds."""
        figures = msgspec.to_builtins(self.producer.status.sync_figures(window_s))
        self._sender.send(Figures(self._number, question, figures))

    def _receive(self, events: Sequence[ProducerEvent]) -> None:
        if any(isinstance(each, _REPORTED) for each in events):
            self.report()
        sent = [each for each in events if not self._is_dropped(each)]
        if sent:
            self._sender.send(Events(self._number, encode_events(sent)))

    def _is_dropped(self, event: ProducerEvent) -> bool:
        """Drop all channels up to a keyframe while the server lags; encoders never wait for it."""
        is_full = self._sender.unsent_bytes > MAX_UNSENT_BYTES
        if isinstance(event, Fragment | DetectionTimed):  # for observers
            self.counts["observations_dropped"] += is_full
            return is_full
        if not isinstance(event, ReleaseBatch):
            return False
        if is_full or (self._skips and not all(each.keyframe for each in event.fragments)):
            self._skips = True
            self.counts["dropped_at_seam"] += len(event.fragments)
            return True
        self._skips = False
        return False
