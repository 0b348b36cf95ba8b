"""Assembles the status of a running camera: only this module knows where each figure is kept."""

from __future__ import annotations

from collections.abc import Sequence

from streamlab.clock import monotonic_ns
from streamlab.core.channels import QualityLevel
from streamlab.core.stats import HISTOGRAM_EDGES_MS, histogram, quantiles
from streamlab.core.sync.settings import SyncSettings
from streamlab.core.time.timebase import NS_PER_MS
from streamlab.protocol.status import (
    CameraStatus,
    ChannelCounts,
    Quantiles,
    RingStatus,
    SourceQuality,
    StreamStatus,
    SyncFigures,
    ViewersStatus,
)
from streamlab.viewers.channel_health import channel_health
from streamlab.viewers.running import RunningCamera


def camera_status(camera: RunningCamera) -> CameraStatus:
    """Return everything that is known of a camera now."""
    pipeline, metadata = camera.pipeline, camera.pipeline.metadata
    controller, known = camera.stream.controller, metadata.is_known
    sync = controller.meter.status(monotonic_ns())
    return CameraStatus(
        camera_id=camera.camera_id,
        stream=stream_status(camera),
        source=camera.spec.display,
        state=str(camera.source.state),
        detail=camera.source.detail,
        retry_at=camera.source.retry_at,
        width=metadata.width if known else None,
        height=metadata.height if known else None,
        fps=round(float(metadata.fps), 3) if known else None,
        codec=metadata.codec or None,
        qualities=tuple(map(str, QualityLevel)),
        source_quality=SourceQuality(metadata.source_passthrough, metadata.source_quality_detail),
        channels=tuple(channel_health(camera, channel) for channel in controller.channels),
        errors=tuple(pipeline.errors),
        sync=sync_settings(camera),
        drift_ms=sync.drift_ms,
        sync_violations=sync.violations,
        playout_delay_ms=controller.playout_delay_ms,
        faults=pipeline.faults.describe(),
        fault_counts=pipeline.fault_counts(),
        counts=pipeline.counts(),
    )


def stream_status(camera: RunningCamera) -> StreamStatus:
    """Return the channels, viewers and counters of the stream of a camera."""
    stream = camera.stream
    return StreamStatus(
        camera_id=camera.camera_id,
        stream_id=stream.stream_id,
        source_state=str(camera.source.state),
        sync_state=str(stream.controller.state),
        viewers=_viewers(camera),
        channel_counts=_channel_counts(camera),
        counts=dict(stream.counts),
        dropped_at_source=camera.pipeline.counts().get("dropped_at_source", 0),
        handover_peak=camera.handover.peak,
    )


def sync_settings(camera: RunningCamera) -> SyncSettings:
    """Return the synchronisation settings of a camera."""
    return camera.stream.controller.settings


def sync_figures(camera: RunningCamera, window_s: float) -> SyncFigures:
    """Return the synchronisation measured over the last ``window_s`` seconds."""
    now_ns, controller = monotonic_ns(), camera.stream.controller
    meter, status = controller.meter, controller.meter.status(now_ns)
    drifts_ms, counts = meter.drifts_ms.values(now_ns, window_s), controller.counts + meter.counts
    return SyncFigures(
        camera_id=camera.camera_id,
        stream_id=camera.stream.stream_id,
        window_s=window_s,
        policy=str(controller.control.policy),
        drift_ms=status.drift_ms,
        is_synchronized=status.is_synchronized,
        state=str(status.state),
        sync_tolerance_ms=meter.tolerance_ms,
        playout_delay_ms=controller.playout_delay_ms,
        box_deadline_ms=controller.control.playout.box_deadline_ns / NS_PER_MS,
        drift_abs_ms=quantiles_of([abs(drift) for drift in drifts_ms]),
        histogram={"edges_ms": list(HISTOGRAM_EDGES_MS), "counts": histogram(drifts_ms)},
        sync_violations=status.violations,
        violations_in_window=sum(abs(drift) > meter.tolerance_ms for drift in drifts_ms),
        corrections={kind: counts[kind] for kind in ("hold", "stale", "release", "re-anchor")},
        added_latency_ms=quantiles_of(controller.delays_ms.values(now_ns, window_s)),
        release_interval_ms=quantiles_of(controller.intervals_ms.values(now_ns, window_s)),
        box_age_ms=quantiles_of(meter.box_ages_ms.values(now_ns, window_s)),
        fresh_fraction=meter.fresh_fraction(now_ns, window_s),
        frames=dict(counts),
        channels=_channel_counts(camera),
        pipeline=camera.pipeline.counts(),
    )


def quantiles_of(values: Sequence[float]) -> Quantiles:
    """Return the count, p50, p95, p99 and max of the values; without values, all None but count."""
    found = quantiles(values)
    if found is None:
        return {"count": 0, "p50": None, "p95": None, "p99": None, "max": None}
    return {name: getattr(found, name) for name in found.__slots__}


def _viewers(camera: RunningCamera) -> ViewersStatus:
    connections = camera.stream.connections.values()
    return ViewersStatus(
        connections=len(connections),
        subscriptions={
            channel: sum(channel in connection.channels for connection in connections)
            for channel in camera.stream.controller.channels
        },
        gaps=sum(connection.gaps for connection in connections),
        control_events_dropped=sum(connection.outbox_dropped for connection in connections),
        switch_ms=quantiles_of(camera.switches_ms.values(monotonic_ns())),
    )


def _channel_counts(camera: RunningCamera) -> dict[str, ChannelCounts]:
    stream = camera.stream
    rings: dict[str, dict[str, RingStatus]] = {
        channel: {} for channel in stream.controller.channels
    }
    for key, ring in stream.rings.items():
        rings[key.channel][str(key.quality)] = RingStatus(len(ring), ring.peak, ring.dropped)
    return {
        channel: ChannelCounts(stream.counts[f"released_{channel}"], held)
        for channel, held in rings.items()
    }
