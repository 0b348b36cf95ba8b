"""Builds the ``sync`` event: the synchronization of each annotated channel, and the worst one.

``channels`` has every annotated channel. The other fields are those of the worst channel that has
been measured: the one in the worst state, and among equals the one with the largest drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streamlab.core.channels import SyncState
from streamlab.core.events import ChannelSync, Correction, Sync
from streamlab.core.sync.annotated import AnnotatedSync
from streamlab.core.sync.drift import ChannelSyncStatus

_SEVERITY = {state: rank for rank, state in enumerate(SyncState)}
_Measured = tuple[ChannelSyncStatus, float, float, Correction]
"""Status, drift in ms, share of fresh frames and correction of one channel."""


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
    """Return the event for these channels, or None while none of them has been measured.

    ``raw_counts``: how often raw was held and media time jumped, since the camera's start.
    """
    figures: dict[str, ChannelSync] = {}
    measured: list[_Measured] = []
    for channel in channels:
        meter = channel.meter
        status, fresh = meter.status(now_ns), meter.fresh_lately(now_ns)
        fresh = None if fresh is None else round(fresh, 4)
        drift_ms = None if status.drift_ms is None else round(status.drift_ms, 3)
        if drift_ms is not None:
            correction = channel.next_correction(raw_counts)
            measured.append((status, drift_ms, fresh or 0.0, correction))
        figures[channel.name] = {
            "drift_ms": drift_ms,
            "fresh_fraction": fresh,
            "state": status.state,
        }
    if not measured:
        return None
    worst = measured[0] if len(measured) == 1 else max(measured, key=_badness)
    status, worst_drift_ms, worst_fresh, correction = worst
    return Sync(
        drift_ms=worst_drift_ms,
        is_synchronized=status.is_synchronized,
        sync_violations=status.violations,
        state=status.state,
        correction=correction,
        fresh_fraction=worst_fresh,
        playout_delay_ms=round(playout_delay_ms, 3),
        sync_tolerance_ms=tolerance_ms,
        channels=figures,
    )


def _badness(measured: _Measured) -> tuple[int, float]:
    return _SEVERITY[measured[0].state], abs(measured[1])
