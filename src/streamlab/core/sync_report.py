"""The ``sync`` event: how each annotated channel keeps to raw, and which one does worst.

``channels`` has every annotated channel. The other fields are those of the worst channel that has
been measured: the one in the worst state, and among equals the one with the largest drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streamlab.core.annotated_sync import AnnotatedSync
from streamlab.core.channels import SyncState
from streamlab.core.drift import ChannelSyncStatus
from streamlab.core.events import ChannelSync, Sync

_SEVERITY = {state: rank for rank, state in enumerate(SyncState)}


class ChannelFigures(NamedTuple):
    """One annotated channel as of a report."""

    channel: AnnotatedSync
    status: ChannelSyncStatus
    fresh_fraction: float | None

    @classmethod
    def of(cls, channel: AnnotatedSync, now_ns: int) -> ChannelFigures:
        """Take the figures of a channel."""
        meter = channel.meter
        return cls(channel, meter.status(now_ns), meter.fresh_lately(now_ns))

    @property
    def badness(self) -> tuple[int, float]:
        """How bad it is, to be compared."""
        return _SEVERITY[self.status.state], abs(self.status.drift_ms or 0.0)

    @property
    def on_wire(self) -> ChannelSync:
        """Its part of the event."""
        drift_ms, fresh = self.status.drift_ms, self.fresh_fraction
        return {
            "drift_ms": None if drift_ms is None else round(drift_ms, 3),
            "fresh_fraction": None if fresh is None else round(fresh, 4),
            "state": self.status.state,
        }


def worst_state(states: Iterable[SyncState]) -> SyncState:
    """Return the worst of the states; ``synchronized`` if there are none."""
    return max(states, key=_SEVERITY.__getitem__, default=SyncState.SYNCHRONIZED)


def make_report(
    channels: Iterable[AnnotatedSync],
    raw_counts: Mapping[str, int],
    *,
    playout_delay_ms: float,
    tolerance_ms: float,
    now_ns: int,
) -> Sync | None:
    """Return the event about these channels, or None while none of them has been measured.

    ``raw_counts``: how often raw was held and media time leapt, since the camera's start.
    """
    figures = [ChannelFigures.of(channel, now_ns) for channel in channels]
    measured = [each for each in figures if each.status.drift_ms is not None]
    if not measured:
        return None
    corrections = {each.channel.name: each.channel.next_correction(raw_counts) for each in measured}
    worst = max(measured, key=lambda each: each.badness)
    drift_ms, is_synchronized, violations, state = worst.status
    return Sync(
        drift_ms=round(drift_ms or 0.0, 3),
        is_synchronized=is_synchronized,
        sync_violations=violations,
        state=state,
        correction=corrections[worst.channel.name],
        fresh_fraction=round(worst.fresh_fraction or 0.0, 4),
        playout_delay_ms=round(playout_delay_ms, 3),
        sync_tolerance_ms=tolerance_ms,
        channels={each.channel.name: each.on_wire for each in figures},
    )
