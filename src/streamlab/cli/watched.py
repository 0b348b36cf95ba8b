"""The figures that `streamlab watch` collects for a camera, and their text, table and JSON form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streamlab.client import (
    ChannelMeter,
    Connected,
    DeliveredDrift,
    DriftFigures,
    End,
    Event,
    Fragment,
    Gap,
    Health,
    RecordedFile,
    Source,
    StreamStats,
    Sync,
)
from streamlab.core.channels import ANNOTATED
from streamlab.protocol.health import CLOSED, CameraHealth, ChannelHealth

DASH = "-"
GOOD, BAD = "green", "yellow"


class WatchedCamera:
    """Collects figures from the events of one camera."""

    def __init__(self, camera_id: str) -> None:
        self.camera_id = camera_id
        self.meters: dict[str, ChannelMeter] = {}
        self.drift = DeliveredDrift()
        self.sync: Sync | None = None
        self.state = "connecting"
        self._detail, self._has_ended = "", False
        self._health: dict[str, ChannelHealth] = {}
        self._stream_id = ""

    def receive(self, event: Event) -> None:
        """Record an event on arrival."""
        if isinstance(event, Fragment):
            self._meter(event.channel).receive(event)
            self.drift.receive(event)
        elif isinstance(event, Gap):
            self._meter(event.channel).receive_gap()
        elif isinstance(event, Sync):
            self.sync = event
            self.drift.tolerance_ms = event.sync_tolerance_ms
        elif isinstance(event, Connected):
            self._connect(event)
        elif isinstance(event, Source):
            self.state, self._detail = event.state, event.detail
        elif isinstance(event, Health):
            self._receive_health(event)
        elif isinstance(event, End):
            self.state, self._has_ended = f"ended: {event.reason}", True
            self._health.clear()

    def report(self, stats: StreamStats, now_ns: int, wall_s: float) -> dict[str, Any]:
        """Return all figures, ready for JSON; those not known yet are ``None``."""
        sync, channel = self.sync, self._worst_channel(now_ns)
        return {
            "time": round(wall_s, 3),
            "camera_id": self.camera_id,
            "state": "reconnecting" if stats.lost else self.state,
            "lost": stats.lost,
            "problems": self._problems(),
            "reconnects": stats.reconnects,
            "duplicates": stats.duplicates,
            "channels": {
                channel: _rounded(asdict(self.meters[channel].figures(now_ns)))
                for channel in sorted(self.meters, reverse=True)
            },
            "drift_channel": channel,
            "drift_ms": _drift_report(self.drift.arrival(now_ns, channel)),
            "released_drift_ms": _drift_report(self.drift.release(now_ns, channel)),
            "sync_tolerance_ms": self.drift.tolerance_ms,
            "sync_state": sync.state if sync else None,
            "playout_delay_ms": sync.playout_delay_ms if sync else None,
            "fresh_fraction": sync.fresh_fraction if sync else None,
        }

    def _worst_channel(self, now_ns: int) -> str:
        """Return the annotated channel with the highest p99 of drift on arrival."""

        def p99(channel: str) -> float:
            sizes = self.drift.arrival(now_ns, channel).size_ms
            return sizes.p99 if sizes else -1.0

        return max(self.drift.channels, key=p99, default=ANNOTATED)

    def _meter(self, channel: str) -> ChannelMeter:
        return self.meters.setdefault(channel, ChannelMeter())

    def _problems(self) -> list[str]:
        """Return what is wrong with the source and the channels, a sentence each."""
        state = CLOSED if self._has_ended else self.state
        channels = tuple(self._health.values())
        return list(CameraHealth(state, self._detail, channels=channels).problems)

    def _receive_health(self, event: Health) -> None:
        with suppress(msgspec.ValidationError):  # of a newer server
            members = asdict(event) | {"name": event.channel, "kind": ""}
            self._health[event.channel] = msgspec.convert(members, ChannelHealth, strict=False)

    def _connect(self, connected: Connected) -> None:
        self.state, self._detail = "live", ""
        self._health.clear()
        self.drift.tolerance_ms = connected.sync_tolerance_ms
        if connected.stream_id != self._stream_id:
            self.drift.restart()
        self._stream_id = connected.stream_id
        for channel in connected.channels:
            self._meter(channel)


def line(report: Mapping[str, Any]) -> str:
    """Format a report as one line of text."""
    parts = [f"{report['camera_id']}  {report['state']}"]
    for channel, figures in report["channels"].items():
        parts.append(
            f"{channel} {figures['fps']:.1f} fps {figures['kbit_per_s']:.0f} kbit/s "
            f"latency {_ms(figures['latency_ms'])} gaps {figures['gaps']}"
        )
    if len(report["channels"]) > 1:
        parts += [f"{_drift_label(report)} {_drift_words(report, 'drift_ms')}", _sync_words(report)]
    parts.append(f"reconnects {report['reconnects']}")
    parts += report["problems"]
    return " | ".join(parts + ([f"lost: {report['lost']}"] if report["lost"] else []))


def picture(reports: Sequence[Mapping[str, Any]], title: str) -> RenderableType:
    """Format reports as a table for a terminal."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("camera", "channel", "quality"):
        table.add_column(name, no_wrap=True)
    for name in ("fps", "kbit/s", "latency", "gaps", "frames"):
        table.add_column(name, justify="right", no_wrap=True)
    below: list[RenderableType] = []
    for report in reports:
        for channel, figures in report["channels"].items():
            table.add_row(
                report["camera_id"],
                channel,
                figures["quality"],
                f"{figures['fps']:.1f}",
                f"{figures['kbit_per_s']:.0f}",
                _ms(figures["latency_ms"]),
                str(figures["gaps"]),
                str(figures["frames"]),
            )
        below.append(_below(report))
    return Group(Text(title, style="bold"), table, *below)


def _below(report: Mapping[str, Any]) -> Table:
    rows = Table(show_header=False, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    state = Text(report["state"], style=GOOD if report["state"] == "live" else BAD)
    if report["lost"]:
        state.append(f": {report['lost']}")
    rows.add_row("", "")
    rows.add_row(Text(report["camera_id"], style="bold"), state)
    if len(report["channels"]) > 1:
        good = not report["drift_ms"]["violations"]
        words = _drift_words(report, "drift_ms")
        label = _drift_label(report)
        rows.add_row(f"{label}, delivered", Text(words, style=GOOD if good else BAD))
        rows.add_row(f"{label}, released", _drift_words(report, "released_drift_ms"))
        rows.add_row("synchronisation", _sync_words(report))
    rows.add_row("reconnects", str(report["reconnects"]))
    for problem in report["problems"]:
        rows.add_row("health", Text(problem, style=BAD))
    return rows


def _drift_label(report: Mapping[str, Any]) -> str:
    """Return ``drift``, with the name of the channel if several annotated ones are watched."""
    return f"drift of {report['drift_channel']}" if len(report["channels"]) > 2 else "drift"


def _drift_words(report: Mapping[str, Any], name: str) -> str:
    drift = report[name]
    if drift["now"] is None:
        return DASH
    over = f"{drift['violations']} over {report['sync_tolerance_ms']:g} ms"
    return f"{drift['now']:+.1f} ms (p50 {drift['p50']:.1f}, p99 {drift['p99']:.1f}, {over})"


def _sync_words(report: Mapping[str, Any]) -> str:
    if report["sync_state"] is None:
        return DASH
    fresh = report["fresh_fraction"]
    words = f"{report['sync_state']}, playout delay {_ms(report['playout_delay_ms'])}"
    return words if fresh is None else f"{words}, fresh {100 * fresh:.0f} %"


def _drift_report(figures: DriftFigures) -> dict[str, float | int | None]:
    sizes = figures.size_ms
    return _rounded(
        {
            "now": figures.now_ms,
            "p50": sizes.p50 if sizes else None,
            "p99": sizes.p99 if sizes else None,
            "max": sizes.max if sizes else None,
            "violations": figures.violations,
        }
    )


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in values.items()
    }


def _ms(value: float | None) -> str:
    return DASH if value is None else f"{value:.0f} ms"


def summary(reports: Sequence[Mapping[str, Any]], files: Sequence[RecordedFile]) -> Iterator[str]:
    """Yield a line for each camera, then a line for each recorded file."""
    for report in reports:
        seen = ", ".join(
            f"{figures['frames']} {channel} frames"
            for channel, figures in report["channels"].items()
        )
        gaps = sum(figures["gaps"] for figures in report["channels"].values())
        yield (
            f"{report['camera_id']}: {seen or 'no frames'}, {gaps} gaps, "
            f"{report['reconnects']} reconnects, "
            f"{_drift_label(report)} {_drift_words(report, 'drift_ms')}, "
            f"{report['state']}"
        )
    for file in files:
        yield (
            f"{file.path}: {file.channel}, {file.seconds:.1f} s, {file.frames} frames, "
            f"{file.size_bytes / 1e6:.1f} MB"
        )
