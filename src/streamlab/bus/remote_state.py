"""All that was asked of a camera in a worker process, and how far it has come.

With that, another worker can go on where one has ended: with later PTS and sequence numbers, under
the same requests.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from streamlab.bus.definition import (
    description,
    first_report,
    movable_origin,
    movable_renderer,
    redacted_channels,
)
from streamlab.bus.high_water import HighWater
from streamlab.bus.replies import Report
from streamlab.bus.requests import CameraDefinition, DetectorReference
from streamlab.camera.detection import DetectionService
from streamlab.camera.pipeline import AnnotatedChannel
from streamlab.core.channels import ChannelKey
from streamlab.detect.detector import Detector
from streamlab.detect.render import Renderer
from streamlab.faults.definition import Faults


class RemoteState:
    """Remembers one camera."""

    def __init__(self, definition: CameraDefinition, channels: Sequence[AnnotatedChannel]) -> None:
        self.status = first_report(definition, channels)
        """What a worker reported last, with what was asked for since."""
        self.wanted: frozenset[ChannelKey] = frozenset()
        self.is_observed = False
        self.changes = 0
        """Number of the newest change."""
        self.high_water = HighWater(definition.first_sequence)
        self.channels = {channel.name: channel for channel in channels}
        """Its annotated channels, with the detectors of this process."""
        self._definition = definition
        self._renderers = {each.name: each.renderer for each in definition.channels}

    @property
    def definition(self) -> CameraDefinition:
        """How the camera was first defined."""
        return self._definition

    @property
    def detectors(self) -> dict[str, Detector]:
        """The detectors of its channels."""
        return {name: channel.service.detector for name, channel in self.channels.items()}

    def set_sync(self, **asked: Any) -> Mapping[str, Any]:
        """Change how the channels are kept together; return what changes: None changes nothing."""
        changed = {name: value for name, value in asked.items() if value is not None}
        self.status.sync_settings = dataclasses.replace(self.status.sync_settings, **changed)
        return changed

    def set_detector(self, channel: str, service: DetectionService) -> None:
        """Detect with this detector on a channel. Raises NotMovableError."""
        movable_origin(service.detector)
        self.channels[channel] = dataclasses.replace(self.channels[channel], service=service)
        self.status.detectors[channel] = description(service.detector)

    def set_renderer(self, channel: str, renderer: Renderer) -> bytes:
        """Draw a channel with this renderer; return it pickled. Raises NotMovableError."""
        pickled = self._renderers[channel] = movable_renderer(renderer)
        self.channels[channel] = dataclasses.replace(self.channels[channel], renderer=renderer)
        self.status.redacted = redacted_channels(self.channels.values())
        return pickled

    def set_faults(self, faults: Faults) -> None:
        """Inject these faults."""
        self.status.faults = faults

    def receive_report(self, reply: Report) -> None:
        """Take a status; what was asked for since is not in it."""
        report, before = reply.report, self.status
        if reply.change < self.changes:
            report.sync_settings, report.faults = before.sync_settings, before.faults
            report.redacted, report.detectors = before.redacted, before.detectors
        self.status = report

    def definition_now(
        self, references: Mapping[str, DetectorReference], now_ns: int
    ) -> CameraDefinition:
        """Return the definition of the camera as it goes on: later, with what was changed.

        ``references``: what its worker needs to use the detectors, by channel.
        """
        sync = self.status.sync_settings
        definition = self._definition
        settings = definition.settings.model_copy(
            update={
                "sync_policy": sync.policy,
                "sync_tolerance_ms": sync.tolerance_ms,
                "max_playout_delay_ms": sync.max_playout_delay_ms,
                "max_stale_fraction": sync.max_stale_fraction,
            }
        )
        channels = (
            each._replace(detector=references[each.name], renderer=self._renderers[each.name])
            for each in definition.channels
        )
        first_pts = self.high_water.next_pts(now_ns)
        return definition._replace(
            spec=dataclasses.replace(definition.spec, first_pts=first_pts),
            channels=tuple(channels),
            settings=settings,
            first_sequence=self.high_water.next_sequence,
        )
