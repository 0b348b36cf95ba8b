"""The health of cameras: one row each, readable at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from streamlab.protocol.status import CameraStatus, SyncFigures

SPAN_S = 5.0
UNKNOWN = "\N{EN DASH}"
COLUMNS = (
    "Camera", "Source", "State", "Channels", "Frames", "Drift p95", "Violations", "Raw waits",
    "Fresh boxes", "Viewers", "Detector", "Trouble",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """A camera's health over the last ``SPAN_S``; figures are None if nobody watched."""

    camera_id: str
    source: str
    state: str
    state_detail: str
    width: int
    height: int
    fps: float
    """Frame rate of the source."""
    sync_state: str
    pairs_per_s: float
    """Frames released in both channels."""
    drift_p95_ms: float | None
    violations: float | None
    """Fraction of frames whose drift is beyond the tolerance."""
    latency_p50_ms: float | None
    """Latency that synchronisation adds: how long raw waited."""
    fresh_fraction: float | None
    viewers: int
    detector: str
    freshness_detail: str
    """Why too few boxes are fresh; empty while enough are."""
    faults: str
    errors: str

    @property
    def shape(self) -> str:
        """Frame size and rate as text."""
        known = f"{self.width}x{self.height} at {self.fps:g} fps"
        return known if self.width else "not known yet"

    @property
    def tone(self) -> str:
        """``good``, ``warn`` or ``bad``."""
        if self.errors or self.state != "live":
            return "bad"
        well = self.sync_state == "synchronized" and not self.freshness_detail
        return "good" if well else "warn"


def health_of(status: CameraStatus, figures: SyncFigures) -> CameraHealth:
    """Return a camera's health; ``figures`` must cover ``SPAN_S``."""
    pairs = figures.drift_abs_ms["count"] or 0
    sync = status.annotated and status.annotated.sync
    return CameraHealth(
        camera_id=status.camera_id,
        source=status.source,
        state=status.state,
        state_detail=status.detail,
        width=status.width or 0,
        height=status.height or 0,
        fps=status.fps or 0.0,
        sync_state=status.sync_state,
        pairs_per_s=pairs / SPAN_S,
        drift_p95_ms=figures.drift_abs_ms["p95"],
        violations=figures.violations_in_window / pairs if pairs else None,
        latency_p50_ms=figures.added_latency_ms["p50"],
        fresh_fraction=figures.fresh_fraction,
        viewers=status.viewers.connections,
        detector=status.detector.name,
        freshness_detail=sync.freshness_detail if sync else "",
        faults=", ".join(status.faults),
        errors="; ".join(status.errors),
    )


def health_table(rows: Sequence[CameraHealth], selected: str) -> str:
    """Return the rows as an HTML table."""
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    body = "".join(_row(row, row.camera_id == selected) for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(row: CameraHealth, selected: bool) -> str:
    injected = row.faults and f"injected: {row.faults}"
    cells = (
        row.camera_id,
        f"{row.source} · {row.shape}",
        f"{row.state} {row.state_detail}".strip(),
        row.sync_state,
        f"{row.pairs_per_s:.1f}/s",
        _number(row.drift_p95_ms, " ms", 1),
        _number(row.violations, " %", 1, 100),
        _number(row.latency_p50_ms, " ms", 0),
        _number(row.fresh_fraction, " %", 0, 100),
        str(row.viewers),
        row.detector,
        "; ".join(filter(None, [row.errors, row.freshness_detail, injected])) or "none",
    )
    marked = ' aria-current="true"' if selected else ""
    shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr data-camera="{escape(row.camera_id)}" data-tone="{row.tone}"{marked}>{shown}</tr>'


def _number(value: float | None, unit: str, digits: int, factor: float = 1) -> str:
    return UNKNOWN if value is None else f"{value * factor:.{digits}f}{unit}"
