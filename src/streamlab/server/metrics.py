"""Prometheus metrics, read from the streams when they are requested."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streamlab.core.channels import SourceState, SyncState
from streamlab.core.health import HealthState
from streamlab.core.time.timebase import NS_PER_S
from streamlab.protocol.health import ChannelHealth
from streamlab.server.process_metrics import Processes
from streamlab.server.watchdog import LoopWatchdog
from streamlab.viewers import StreamChannelManager

__all__ = ["CONTENT_TYPE", "render"]


def render(manager: StreamChannelManager, watchdog: LoopWatchdog) -> str:
    """Return all metrics as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Streams(manager))
    registry.register(_Loop(watchdog))
    registry.register(Processes(manager.carrier))
    return generate_latest(registry).decode()


_STATES: Mapping[str, Sequence[str]] = {
    "encoder": get_args(HealthState),
    "detector": get_args(HealthState),
    "renderer": get_args(HealthState),
    "sync": tuple(SyncState),
}


def _part_states(channel: ChannelHealth) -> Iterator[tuple[str, str, bool]]:
    """Yield each state that a part of a channel may be in, and whether it is."""
    for part, states in _STATES.items():
        status = getattr(channel, part)
        for state in states if status is not None else ():
            yield part, state, status.state == state


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
        sources = GaugeMetricFamily(
            "streamlab_source_state", "1 for the current state", labels=[*per_camera, "state"]
        )
        health = GaugeMetricFamily(
            "streamlab_health",
            "1 for the current state of a part: encoder, detector, renderer, sync",
            labels=[*per_camera, "channel", "part", "state"],
        )
        frames = CounterMetricFamily(
            "streamlab_frames", "Frames by outcome", labels=[*per_camera, "outcome"]
        )
        for name, camera in self._manager.cameras.items():
            status = camera.status()
            live.add_metric([name], status.state == SourceState.LIVE)
            for source_state in SourceState:
                sources.add_metric([name, source_state], status.state == source_state)
            for each in status.channels:
                for part, part_state, is_current in _part_states(each):
                    health.add_metric([name, each.name, part, part_state], is_current)
            viewers.add_metric([name], status.viewers.connections)
            if status.drift_ms is not None:
                drift.add_metric([name], status.drift_ms)
            violations.add_metric([name], status.sync_violations)
            for channel, counts in status.stream.channel_counts.items():
                released.add_metric([name, channel], counts.released)
            for outcome, count in status.counts.items():
                frames.add_metric([name, outcome], count)
        yield from (live, sources, health, viewers, drift, violations, released, frames)


class _Loop(Collector):
    def __init__(self, watchdog: LoopWatchdog) -> None:
        self._watchdog = watchdog

    def collect(self) -> Iterator[Metric]:
        tasks = len(asyncio.all_tasks())
        yield GaugeMetricFamily("streamlab_tasks", "Tasks of the event loop", value=tasks)
        yield CounterMetricFamily(
            "streamlab_loop_blocked",
            "How often the event loop did not run for 100 ms",
            value=self._watchdog.blocks,
        )
        yield CounterMetricFamily(
            "streamlab_loop_busy",
            "How often it was blocked while its own thread used the CPU for 100 ms",
            value=self._watchdog.busy_blocks,
        )
        yield CounterMetricFamily(
            "streamlab_loop_blocked_seconds",
            "For how long, in total",
            value=self._watchdog.blocked_ns / NS_PER_S,
        )
