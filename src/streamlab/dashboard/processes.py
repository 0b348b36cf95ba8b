"""The worker processes that run the cameras: one row each, and what happened to them lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from streamlab.dashboard.health import UNKNOWN
from streamlab.protocol.status import WorkerStatus
from streamlab.viewers import StreamChannelManager
from streamlab.viewers.event_log import LoggedEvent

MAX_EVENTS = 8
COLUMNS = ("Worker", "State", "Cameras", "CPU cores", "Memory MB", "Restarts")
_TONES = {"running": "good", "starting": "warn"}
_BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Processes:
    """The worker processes; none if the cameras run in the server's own."""

    workers: tuple[WorkerStatus, ...]
    events: tuple[LoggedEvent, ...]
    """The newest events of workers, the newest first."""

    @classmethod
    def of(cls, manager: StreamChannelManager) -> Processes:
        """Return the processes that run these cameras."""
        events = [each for each in manager.events.after(0) if each.kind == "worker"]
        return cls(manager.carrier.workers(), tuple(reversed(events[-MAX_EVENTS:])))


def process_tables(processes: Processes) -> str:
    """Return the workers and their events as HTML; empty if there are no workers."""
    if not processes.workers:
        return ""
    head = "".join(f"<th scope='col'>{name}</th>" for name in COLUMNS)
    body = "".join(map(_row, processes.workers))
    events = "".join(map(_event, processes.events))
    return (
        "<table class='workers'><caption>The processes that run the cameras.</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        "<table class='events'><caption>What happened to them, the latest first.</caption>"
        f"<tbody>{events}</tbody></table>"
    )


def _row(worker: WorkerStatus) -> str:
    is_up = worker.state == "running"
    cells = (
        worker.state,
        ", ".join(worker.cameras) or "none",
        f"{worker.cpu:.2f}" if is_up else UNKNOWN,
        f"{worker.rss_bytes / _BYTES_PER_MB:.0f}" if is_up else UNKNOWN,
        f"{worker.restarts}, hung {worker.hangs}" if worker.hangs else str(worker.restarts),
    )
    shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    tone = _TONES.get(worker.state, "bad")
    return f'<tr data-tone="{tone}"><th scope="row">{escape(worker.id)}</th>{shown}</tr>'


def _event(event: LoggedEvent) -> str:
    at = datetime.fromtimestamp(event.at, UTC)
    time = f"<time datetime='{at.isoformat(timespec='seconds')}'>{at:%H:%M:%S} UTC</time>"
    return f"<tr><td>{time}</td><td>{escape(event.detail)}</td></tr>"
