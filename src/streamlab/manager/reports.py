"""What is said about cameras and streams: plain data, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict

from streamlab.clock import monotonic_ns
from streamlab.core.channels import ChannelType, QualityLevel, SyncState
from streamlab.core.stats import HISTOGRAM_EDGES_MS, histogram, quantiles
from streamlab.core.timebase import NS_PER_MS
from streamlab.manager.camera import Camera
from streamlab.manager.channels import StreamChannelManager
from streamlab.manager.health import channel_health

Report = dict[str, object]


def camera_report(camera: Camera) -> Report:
    """Return a camera as ``GET /cameras`` lists it."""
    metadata, service = camera.metadata, camera.pipeline.service
    control, meter = camera.stream.controller.control, camera.stream.controller.meter
    return {
        "camera_id": camera.camera_id,
        "source": camera.spec.display,
        "state": camera.state,
        "detail": camera.source.detail,
        "retry_at": camera.source.retry_at,
        "width": metadata.width if metadata.is_known else None,
        "height": metadata.height if metadata.is_known else None,
        "fps": round(float(metadata.fps), 3) if metadata.is_known else None,
        "codec": metadata.codec or None,
        "stream_id": camera.stream.stream_id,
        "qualities": list(QualityLevel),
        "source_quality": {
            "passthrough": metadata.source_passthrough,
            "detail": metadata.source_quality_detail,
        },
        "detector": {
            "name": service.detector.name,
            "kind": service.detector.kind,
        },
        "channels": [channel_health(camera, channel) for channel in ChannelType],
        "errors": camera.pipeline.errors,
        "sync_policy": control.policy,
        "sync_tolerance_ms": meter.tolerance_ms,
        "max_playout_delay_ms": control.max_delay_ns / NS_PER_MS,
        "max_stale_fraction": control.max_stale_fraction,
        "faults": camera.pipeline.faults.describe() or None,
        "fault_counts": camera.pipeline.fault_counts(),
        "viewers": len(camera.stream.connections),
    }


def sync_report(camera: Camera, window_s: float) -> Report:
    """Return a camera's synchronisation over the last ``window_s`` seconds."""
    now_ns = monotonic_ns()
    stream, controller = camera.stream, camera.stream.controller
    meter, playout = controller.meter, controller.control.playout
    drifts_ms = meter.drifts_ms.values(now_ns, window_s)
    status, counts = meter.status(now_ns), controller.counts + meter.counts
    return {
        "camera_id": camera.camera_id,
        "stream_id": stream.stream_id,
        "window_s": window_s,
        "policy": controller.control.policy,
        "drift_ms": status.drift_ms,
        "is_synchronized": status.is_synchronized,
        "state": status.state,
        "sync_tolerance_ms": meter.tolerance_ms,
        "playout_delay_ms": controller.playout_delay_ms,
        "box_deadline_ms": playout.box_deadline_ns / NS_PER_MS,
        "drift_abs_ms": _quantiles([abs(drift) for drift in drifts_ms]),
        "histogram": {"edges_ms": list(HISTOGRAM_EDGES_MS), "counts": histogram(drifts_ms)},
        "sync_violations": status.violations,
        "violations_in_window": sum(abs(d) > meter.tolerance_ms for d in drifts_ms),
        "corrections": {kind: counts[kind] for kind in ("hold", "stale", "release", "re-anchor")},
        "added_latency_ms": _quantiles(controller.delays_ms.values(now_ns, window_s)),
        "release_interval_ms": _quantiles(controller.intervals_ms.values(now_ns, window_s)),
        "box_age_ms": _quantiles(meter.box_ages_ms.values(now_ns, window_s)),
        "fresh_fraction": meter.fresh_fraction(now_ns, window_s),
        "frames": dict(counts),
        "channels": {channel: _channel_report(camera, channel) for channel in ChannelType},
        "pipeline": camera.pipeline.counts(),
    }


def stream_report(camera: Camera) -> Report:
    """Return what one stream carries, and to whom."""
    stream, now_ns = camera.stream, monotonic_ns()
    connections = list(stream.connections.values())
    switches_ms = camera.switches_ms.values(now_ns)
    return {
        "camera_id": camera.camera_id,
        "stream_id": stream.stream_id,
        "source_state": camera.state,
        "sync_state": stream.controller.meter.state,
        "connections": len(connections),
        "subscriptions": {
            channel: sum(channel in connection.channels for connection in connections)
            for channel in ChannelType
        },
        "channels": {channel: _channel_report(camera, channel) for channel in ChannelType},
        "counts": dict(stream.counts),
        "drops": {
            "at_source": camera.pipeline.counts().get("dropped_at_source", 0),
            "gaps": sum(connection.gaps for connection in connections),
            "control_events": sum(connection.outbox_dropped for connection in connections),
        },
        "switch_ms": _quantiles(switches_ms),
        "handover_peak": camera.handover.peak,
    }


def process_report(channels: StreamChannelManager) -> Report:
    """Return all streams of a process, and their sums."""
    cameras = list(channels.cameras.values())
    connections = [c for camera in cameras for c in camera.stream.connections.values()]
    now_ns = monotonic_ns()
    switches = [ms for camera in cameras for ms in camera.switches_ms.values(now_ns)]
    return {
        "streams": [stream_report(camera) for camera in cameras],
        "total_streams": len(cameras),
        "total_connections": len(connections),
        "total_subscriptions": sum(len(connection.channels) for connection in connections),
        "degraded_streams": sum(
            camera.stream.controller.meter.state is SyncState.DEGRADED for camera in cameras
        ),
        "switches": len(switches),
        "switch_ms": _quantiles(switches),
    }


def _channel_report(camera: Camera, channel: ChannelType) -> Report:
    rings = {
        key.quality: {"held": len(ring), "peak": ring.peak, "dropped": ring.dropped}
        for key, ring in camera.stream.rings.items()
        if key.channel == channel
    }
    return {"released": camera.stream.counts[f"released_{channel}"], "rings": rings}


def _quantiles(values: list[float]) -> Report:
    found = quantiles(values)
    if found is None:
        return {"count": 0, "p50": None, "p95": None, "p99": None, "max": None}
    return asdict(found)
