"""Builds the API reports on cameras and streams from their status, ready for JSON."""

from __future__ import annotations

from streamlab.core.access import EVERYTHING, Access
from streamlab.core.channels import SyncState
from streamlab.protocol.health import to_plain
from streamlab.protocol.status import CameraStatus, StreamStatus, SyncFigures, quantiles_of
from streamlab.viewers.manager import StreamChannelManager
from streamlab.viewers.visible import visible_stream, visible_worker

Report = dict[str, object]


def camera_report(status: CameraStatus) -> Report:
    """Return the report of a camera, as listed by ``GET /cameras``."""
    detector = status.detector
    return {
        "camera_id": status.camera_id,
        "source": status.source,
        "state": status.state,
        "detail": status.detail,
        "retry_at": status.retry_at,
        "width": status.width,
        "height": status.height,
        "fps": status.fps,
        "codec": status.codec,
        "stream_id": status.stream.stream_id,
        "qualities": status.qualities,
        "source_quality": to_plain(status.source_quality),
        "detector": {"name": detector.name, "kind": detector.kind},
        "channels": [channel.members() for channel in status.channels],
        "errors": status.errors,
        "sync_policy": status.sync.policy,
        "sync_tolerance_ms": status.sync.tolerance_ms,
        "max_playout_delay_ms": status.sync.max_playout_delay_ms,
        "max_stale_fraction": status.sync.max_stale_fraction,
        "faults": status.faults or None,
        "fault_counts": status.fault_counts,
        "viewers": status.viewers.connections,
        "worker": status.worker,
    }


def sync_report(figures: SyncFigures) -> Report:
    """Return the report of a camera's synchronisation, as returned by ``sync-stats``."""
    report: Report = to_plain(figures)
    return report


def stream_report(status: StreamStatus) -> Report:
    """Return the report of one stream: its state, channels, viewers, drops and switches."""
    viewers = status.viewers
    return {
        "camera_id": status.camera_id,
        "stream_id": status.stream_id,
        "source_state": status.source_state,
        "sync_state": status.sync_state,
        "connections": viewers.connections,
        "subscriptions": viewers.subscriptions,
        "channels": to_plain(status.channel_counts),
        "counts": status.counts,
        "drops": {
            "at_source": status.dropped_at_source,
            "gaps": viewers.gaps,
            "control_events": viewers.control_events_dropped,
        },
        "switch_ms": viewers.switch_ms,
        "handover_peak": status.handover_peak,
    }


def process_report(manager: StreamChannelManager, access: Access = EVERYTHING) -> Report:
    """Return the reports of the streams of a process that a viewer may see, and their totals."""
    cameras = [each for name, each in manager.cameras.items() if access.sees(name)]
    statuses = [
        visible_stream(camera.stream_status(), access.of(camera.camera_id)) for camera in cameras
    ]
    workers = [visible_worker(each, access) for each in manager.carrier.workers()]
    switches_ms = [ms for camera in cameras for ms in camera.switches_ms()]
    return {
        "workers": to_plain(workers),
        "streams": [stream_report(status) for status in statuses],
        "total_streams": len(statuses),
        "total_connections": sum(status.viewers.connections for status in statuses),
        "total_subscriptions": sum(sum(each.viewers.subscriptions.values()) for each in statuses),
        "degraded_streams": sum(each.sync_state == SyncState.DEGRADED for each in statuses),
        "switches": len(switches_ms),
        "switch_ms": quantiles_of(switches_ms),
    }
