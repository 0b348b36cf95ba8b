"""Assembles the status of a running camera: only this module knows where each figure is kept."""

from __future__ import annotations

from dataclasses import replace

from streamlab.clock import monotonic_ns
from streamlab.core.channels import QualityLevel
from streamlab.protocol.status import (
    CameraStatus,
    ChannelCounts,
    RingStatus,
    SourceQuality,
    StreamStatus,
    SyncFigures,
    ViewersStatus,
    quantiles_of,
)
from streamlab.viewers.running import RunningCamera


def camera_status(camera: RunningCamera) -> CameraStatus:
    """Return everything that is known of a camera now."""
    produced, source = camera.producer.status, camera.source
    metadata, sync, known = produced.metadata, produced.sync_status, produced.metadata.is_known
    return CameraStatus(
        camera_id=camera.camera_id,
        stream=stream_status(camera),
        source=camera.spec.display,
        state=str(source.state),
        detail=source.detail,
        retry_at=source.retry_at,
        width=metadata.width if known else None,
        height=metadata.height if known else None,
        fps=round(float(metadata.fps), 3) if known else None,
        codec=metadata.codec or None,
        qualities=tuple(map(str, QualityLevel)),
        source_quality=SourceQuality(metadata.source_passthrough, metadata.source_quality_detail),
        channels=tuple(map(produced.channel_health, produced.channels)),
        errors=tuple(produced.errors),
        sync=produced.sync_settings,
        drift_ms=sync.drift_ms,
        sync_violations=sync.violations,
        playout_delay_ms=produced.playout_delay_ms,
        faults=produced.faults.describe(),
        fault_counts=produced.fault_counts,
        counts=produced.counts,
        worker=camera.producer.worker,
    )


def stream_status(camera: RunningCamera) -> StreamStatus:
    """Return the channels, viewers and counters of the stream of a camera."""
    stream, produced = camera.stream, camera.producer.status
    return StreamStatus(
        camera_id=camera.camera_id,
        stream_id=stream.stream_id,
        source_state=str(camera.source.state),
        sync_state=str(produced.sync_state),
        viewers=_viewers(camera),
        channel_counts=_channel_counts(camera),
        counts=dict(stream.counts),
        dropped_at_source=produced.counts.get("dropped_at_source", 0),
        handover_peak=produced.handover_peak,
    )


async def sync_figures(camera: RunningCamera, window_s: float) -> SyncFigures:
    """Return the synchronisation measured over the last ``window_s`` seconds."""
    return replace(
        await camera.producer.sync_figures(window_s),
        camera_id=camera.camera_id,
        stream_id=camera.stream.stream_id,
        channels=_channel_counts(camera),
    )


def _viewers(camera: RunningCamera) -> ViewersStatus:
    connections = camera.stream.connections.values()
    return ViewersStatus(
        connections=len(connections),
        subscriptions={
            channel: sum(channel in connection.channels for connection in connections)
            for channel in camera.producer.status.channels
        },
        gaps=sum(connection.gaps for connection in connections),
        control_events_dropped=sum(connection.outbox_dropped for connection in connections),
        switch_ms=quantiles_of(camera.switches_ms.values(monotonic_ns())),
    )


def _channel_counts(camera: RunningCamera) -> dict[str, ChannelCounts]:
    stream = camera.stream
    rings: dict[str, dict[str, RingStatus]] = {
        channel: {} for channel in camera.producer.status.channels
    }
    for key, ring in stream.rings.items():
        rings[key.channel][str(key.quality)] = RingStatus(len(ring), ring.peak, ring.dropped)
    return {
        channel: ChannelCounts(stream.counts[f"released_{channel}"], held)
        for channel, held in rings.items()
    }
