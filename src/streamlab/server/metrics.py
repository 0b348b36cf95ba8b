"""Prometheus metrics, read from the streams when they are requested."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streamlab.core.channels import SourceState
from streamlab.viewers import StreamChannelManager

__all__ = ["CONTENT_TYPE", "render"]


def render(manager: StreamChannelManager) -> str:
    """Return all metrics as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Streams(manager))
    return generate_latest(registry).decode()


class _Streams(Collector):
    def __init__(self, manager: StreamChannelManager) -> None:
        self._manager = manager

    def collect(self) -> Iterator[Metric]:
        per_camera = ["camera_id"]
        live = GaugeMetricFamily(
            "streamlab_source_live", "1 while frames arrive", labels=per_camera
        )
        viewers = GaugeMetricFamily("streamlab_connections", "Open connections", labels=per_camera)
        drift = GaugeMetricFamily("streamlab_drift_ms", "Current signed drift", labels=per_camera)
        violations = CounterMetricFamily(
            "streamlab_sync_violations", "Frames beyond the tolerance", labels=per_camera
        )
        released = CounterMetricFamily(
            "streamlab_fragments_released", "Released", labels=[*per_camera, "channel"]
        )
        frames = CounterMetricFamily(
            "streamlab_frames", "Frames by outcome", labels=[*per_camera, "outcome"]
        )
        for name, camera in self._manager.cameras.items():
            status = camera.status()
            live.add_metric([name], status.state == SourceState.LIVE)
            viewers.add_metric([name], status.viewers.connections)
            if status.drift_ms is not None:
                drift.add_metric([name], status.drift_ms)
            violations.add_metric([name], status.sync_violations)
            for channel, counts in status.stream.channel_counts.items():
                released.add_metric([name, channel], counts.released)
            for outcome, count in status.counts.items():
                frames.add_metric([name, outcome], count)
        yield from (live, viewers, drift, violations, released, frames)
        tasks = len(asyncio.all_tasks())
        yield GaugeMetricFamily("streamlab_tasks", "Tasks of the event loop", value=tasks)
