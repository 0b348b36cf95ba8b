"""What a producer knew of its camera at one moment: a copy of ``ProducerStatus``, as values."""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.camera.producer_status import ProducerStatus
from streamlab.core.channels import CameraMetadata, SyncState
from streamlab.core.sync.channel_metadata import ChannelMetadata
from streamlab.core.sync.drift import ChannelSyncStatus
from streamlab.core.sync.policy import SyncPolicy
from streamlab.core.sync.settings import SyncSettings
from streamlab.faults.definition import Faults
from streamlab.protocol.health import ChannelHealth


@dataclass(slots=True)
class ProducerReport:
    """The properties of ``ProducerStatus``, under the same names."""

    channels: tuple[str, ...]
    metadata: CameraMetadata
    redacted: frozenset[str]
    detectors: dict[str, dict[str, str]]
    faults: Faults
    errors: list[str]
    counts: dict[str, int]
    fault_counts: dict[str, int]
    handover_peak: int
    sync_numbers: tuple[float, float, float]
    sync_policy: str
    sync_state: SyncState
    sync_status: ChannelSyncStatus
    playout_delay_ms: float
    healths: dict[str, ChannelHealth]
    newest: dict[str, ChannelMetadata]

    @classmethod
    def of(cls, status: ProducerStatus) -> ProducerReport:
        """Copy a status as it is now."""
        return cls(
            channels=status.channels,
            metadata=status.metadata,
            redacted=status.redacted,
            detectors=status.detectors,
            faults=status.faults,
            errors=status.errors,
            counts=status.counts,
            fault_counts=status.fault_counts,
            handover_peak=status.handover_peak,
            sync_numbers=_numbers(status.sync_settings),
            sync_policy=str(status.sync_settings.policy),
            sync_state=status.sync_state,
            sync_status=status.sync_status,
            playout_delay_ms=status.playout_delay_ms,
            healths={name: status.channel_health(name) for name in status.channels},
            newest=dict(status.channel_metadata()),
        )

    @property
    def sync_settings(self) -> SyncSettings:
        """Synchronisation settings of the channels."""
        tolerance_ms, max_delay_ms, max_stale_fraction = self.sync_numbers
        policy = SyncPolicy(self.sync_policy)
        return SyncSettings(tolerance_ms, policy, max_delay_ms, max_stale_fraction)

    @sync_settings.setter
    def sync_settings(self, settings: SyncSettings) -> None:
        self.sync_numbers, self.sync_policy = _numbers(settings), str(settings.policy)

    def channel_health(self, channel: str) -> ChannelHealth:
        """Return the health of a channel."""
        return self.healths[channel]

    def channel_metadata(self) -> dict[str, ChannelMetadata]:
        """Return the newest release of each channel and how it keeps to raw, by name, raw first."""
        return self.newest


def _numbers(settings: SyncSettings) -> tuple[float, float, float]:
    return settings.tolerance_ms, settings.max_playout_delay_ms, settings.max_stale_fraction
