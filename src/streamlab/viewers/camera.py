"""The public interface of one camera.

Requests take effect at once and need no second call. Arguments and results are values; the parts
of a camera are private to this folder, so that the camera may run elsewhere.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing

from streamlab.bus.carrier import Carrier, OpenSource
from streamlab.bus.in_process import InProcess
from streamlab.camera import AnnotatedChannel, DetectionService
from streamlab.camera.source_status import SourceStatus
from streamlab.core.channels import (
    ANNOTATED,
    CameraMetadata,
    ChannelType,
    QualityLevel,
    SourceState,
)
from streamlab.core.events import EndReason
from streamlab.core.sync.channel_metadata import ChannelMetadata
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.sync.settings import SyncSettings
from streamlab.detect.detector import Detector
from streamlab.detect.render import Renderer, redacts
from streamlab.errors import InvalidRequestError, SourceUnreachableError
from streamlab.faults import NO_FAULTS, Faults
from streamlab.media.spec import SourceSpec
from streamlab.protocol.status import CameraStatus, StreamStatus, SyncFigures
from streamlab.settings import Settings
from streamlab.viewers import status
from streamlab.viewers.event_log import EventLog
from streamlab.viewers.event_stream import EventStream
from streamlab.viewers.reader import Reader
from streamlab.viewers.redaction import apply_redaction
from streamlab.viewers.running import RunningCamera
from streamlab.viewers.snapshot import TIMEOUT_S, EncodedSnapshot, take_snapshot
from streamlab.viewers.viewing import CameraViewers

log = logging.getLogger(__name__)
MAX_LAG = 64  # fragments; a snapshot reads them as they arrive


class Camera(CameraViewers):
    """Runs one camera in the event loop that it is created in."""

    def __init__(
        self,
        camera_id: str,
        spec: SourceSpec,
        source: OpenSource | None,
        channels: Sequence[AnnotatedChannel],
        settings: Settings,
        carrier: Carrier | None = None,
        events: EventLog | None = None,
    ) -> None:
        self.camera_id = camera_id
        self.spec = spec
        self.quality = QualityLevel.MEDIUM
        """The quality for viewers that request none."""
        super().__init__(
            RunningCamera(
                camera_id,
                spec,
                source,
                channels,
                settings,
                carrier or InProcess(),
                events or EventLog(),
            )
        )

    def start(self) -> None:
        """Start the camera's threads."""
        self._running.producer.start()
        self._running.process_events()

    def remove(self, reason: EndReason) -> None:
        """Send every viewer ``end``; call ``close`` to stop the threads."""
        self._running.remove(reason)

    def check_open(self) -> None:
        """Raise UnknownCameraError if the camera was removed."""
        self._running.check_open()

    async def close(self, reason: EndReason) -> None:
        """Send every viewer ``end`` unless they got it, and stop the threads."""
        await self._running.close(reason)

    def abandon(self) -> None:
        """Stop the threads at the end of the process, when no new thread can be started."""
        self._running.producer.abandon()

    @property
    def state(self) -> SourceState:
        """State of the source."""
        return self._running.source.state

    @property
    def source(self) -> SourceStatus:
        """Status of the source, including whether it has ever been live."""
        return self._running.source

    @property
    def end_reason(self) -> EndReason | None:
        """Why the stream is over; None while it runs. Viewers get what is left, then ``end``."""
        return self._running.end_reason

    @property
    def metadata(self) -> CameraMetadata:
        """Metadata of the source, as far as it is known."""
        return self._running.producer.status.metadata

    def detector(self, channel: str = ANNOTATED) -> Detector:
        """Return the detector of an annotated channel. Raises InvalidRequestError for any other."""
        self._check_annotated(channel)
        return self._running.producer.detector(channel)

    def renderer(self, channel: str = ANNOTATED) -> Renderer:
        """Return the renderer of an annotated channel. Raises InvalidRequestError for any other."""
        self._check_annotated(channel)
        return self._running.producer.renderer(channel)

    @property
    def faults(self) -> Faults:
        """The faults that are being injected now."""
        return self._running.producer.status.faults

    @property
    def errors(self) -> list[str]:
        """Current errors of the encoders, renderers and detectors, as text."""
        return self._running.producer.status.errors

    @property
    def sync_settings(self) -> SyncSettings:
        """Synchronisation settings of the channels."""
        return self._running.producer.status.sync_settings

    def status(self) -> CameraStatus:
        """Return the current status of the camera."""
        return status.camera_status(self._running)

    def channel_metadata(self) -> Mapping[str, ChannelMetadata]:
        """Return the newest release of each channel and how it keeps to raw, by name, raw first."""
        return self._running.producer.status.channel_metadata()

    def stream_status(self) -> StreamStatus:
        """Return what its stream carries, and to whom: a part of ``status``."""
        return status.stream_status(self._running)

    async def sync_figures(self, window_s: float) -> SyncFigures:
        """Return the synchronisation measured over the last ``window_s`` seconds.

        Raises SourceUnreachableError while the camera's worker process is being restarted.
        """
        return await status.sync_figures(self._running, window_s)

    async def snapshot(
        self, quality: QualityLevel = QualityLevel.MEDIUM, timeout_s: float = TIMEOUT_S
    ) -> EncodedSnapshot:
        """Return a frame in both channels, captured from now on if one comes in time.

        Otherwise any frame will do. Raises SourceUnreachableError if there is none within
        ``timeout_s``.
        """
        connection = self.join(
            f"snapshot-{secrets.token_hex(4)}", ChannelType, dict.fromkeys(ChannelType, quality)
        )
        feeds = [self.feed(connection, MAX_LAG)]
        with closing(
            Reader(feeds, 2 * timeout_s, lambda: self.leave(connection.connection_id))
        ) as reader:
            snapshot = await take_snapshot(reader, timeout_s)
        if snapshot is None:
            raise SourceUnreachableError(
                f"camera '{self.camera_id}' delivered no picture", hint=f"It is {self.state}."
            )
        return snapshot

    def events(self) -> EventStream:
        """Return a stream of the camera's events from now on. Close it after use.

        It is closed already if the camera has ended.
        """
        return self._running.observe()

    def change(
        self,
        *,
        policy: SyncPolicy | None = None,
        tolerance_ms: float | None = None,
        max_playout_delay_ms: float | None = None,
        max_stale_fraction: float | None = None,
        renderer: Renderer | None = None,
        service: DetectionService | None = None,
        channel: str = ANNOTATED,
    ) -> None:
        """Change how the camera runs, from its next frame on; omitted arguments change nothing.

        ``renderer`` and ``service`` apply to ``channel``. Raises InvalidRequestError if the camera
        has no such annotated channel.
        """
        self._check_annotated(channel)
        producer = self._running.producer
        if renderer is not None:
            self._change_renderer(channel, renderer)
        if service is not None:
            producer.request_detector(channel, service)
        producer.request_sync(
            policy=policy,
            tolerance_ms=tolerance_ms,
            max_playout_delay_ms=max_playout_delay_ms,
            max_stale_fraction=max_stale_fraction,
        )
        self._running.process_events()

    def _change_renderer(self, channel: str, renderer: Renderer) -> None:
        running, began = self._running, redacts(renderer) and not redacts(self.renderer(channel))
        running.producer.request_renderer(channel, renderer)
        if began:  # what is cached was drawn by a renderer that does not redact
            running.stream.drop_cached(channel)
        apply_redaction(running)

    def inject(self, faults: Faults | None) -> None:
        """Replace the injected faults from now on; None clears them all.

        Only this camera is affected: a detector that it shares is queried as before. Raises
        UnknownCameraError if the camera was removed.
        """
        if faults is not None:
            self.check_open()
        self._running.producer.inject(faults or NO_FAULTS)
        wrong = self.faults.describe()
        log.warning("camera %s: faults injected: %s", self.camera_id, wrong or "none")

    def _check_annotated(self, channel: str) -> None:
        annotated = self._running.producer.status.channels[1:]
        if channel not in annotated:
            raise InvalidRequestError(
                f"camera '{self.camera_id}' has no annotated channel '{channel}'",
                hint=f"Allowed: {', '.join(annotated)}.",
            )
