"""The health of cameras: one row each, readable at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from streamlab.dashboard.fault_words import fault_sentences
from streamlab.faults import Faults
from streamlab.protocol.status import CameraStatus, SyncFigures

SPAN_S = 5.0
UNKNOWN = "\N{EN DASH}"
COLUMNS = (
    "Camera", "Source", "State", "Channels", "Frames", "Drift p95", "Beyond tolerance", "Raw waits",
    "Fresh boxes", "Viewers", "Detector", "Trouble",
)  # fmt: skip
CAPTION = f"Measured over the last {SPAN_S:g} s. A dash: the camera is not live, or nobody watches."


@dataclass(frozen=True, slots=True)
class CameraRow:
    """A camera's health, and its figures over ``SPAN_S``; they are None if nobody watched."""

    camera_id: str
    source: str
    state: str
    detail: str
    retry_at: float | None
    """When the source is tried again, Unix seconds."""
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
    fresh_target: float
    """The share of fresh frames that is wanted."""
    freshness_detail: str
    """Why the share is below the target; empty if it is not."""
    viewers: int
    detector: str
    problems: tuple[str, ...]
    """What is wrong, a sentence each."""
    faults: tuple[str, ...]
    """Those of them that are of a detector, a renderer or an encoder."""
    injected: str

    @property
    def is_live(self) -> bool:
        """True if its source gives pictures, so that figures over them mean something."""
        return self.state == "live"

    @property
    def fresh(self) -> str:
        """Share of fresh frames, and the target, as text."""
        share = self.fresh_fraction if self.is_live else None
        return f"{_number(share, ' %', 0, 100)} (target {100 * self.fresh_target:.0f} %)"

    @property
    def shape(self) -> str:
        """Frame size and rate as text."""
        known = f"{self.width}x{self.height} at {self.fps:g} fps"
        return known if self.width else "not known yet"

    @property
    def tone(self) -> str:
        """``good``, ``warn`` or ``bad``."""
        if self.faults or not self.is_live:
            return "bad"
        return "good" if self.sync_state == "synchronized" and not self.problems else "warn"


def row_of(status: CameraStatus, figures: SyncFigures | None) -> CameraRow:
    """Return a camera's row; ``figures`` must cover ``SPAN_S``; None: there are none."""
    pairs = (figures and figures.drift_abs_ms["count"]) or 0
    sync = status.annotated and status.annotated.sync
    return CameraRow(
        camera_id=status.camera_id,
        source=status.source,
        state=status.state,
        detail=status.detail,
        retry_at=status.retry_at,
        width=status.width or 0,
        height=status.height or 0,
        fps=status.fps or 0.0,
        sync_state=status.sync_state,
        pairs_per_s=pairs / SPAN_S,
        drift_p95_ms=figures.drift_abs_ms["p95"] if figures else None,
        violations=figures.violations_in_window / pairs if figures and pairs else None,
        latency_p50_ms=figures.added_latency_ms["p50"] if figures else None,
        fresh_fraction=figures.fresh_fraction if figures else None,
        fresh_target=1 - status.sync.max_stale_fraction,
        freshness_detail=sync.freshness_detail if sync else "",
        viewers=status.viewers.connections,
        detector=status.detector.name,
        problems=status.health.problems,
        faults=status.health.faults,
        injected=" ".join(fault_sentences(Faults(**status.faults))),  # type: ignore[arg-type]
    )


def health_table(rows: Sequence[CameraRow], selected: str) -> str:
    """Return the rows as an HTML table."""
    head = "".join(f"<th scope='col'>{name}</th>" for name in COLUMNS)
    body = "".join(_row(row, row.camera_id == selected) for row in rows)
    return (
        f"<table class='cameras'><caption>{CAPTION}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(row: CameraRow, selected: bool) -> str:
    injected = row.injected and f"Injected: {row.injected}"
    cells = (
        f"{row.source} · {row.shape}",
        row.state,
        row.sync_state,
        *_figures(row),
        str(row.viewers),
        row.detector,
        " ".join(filter(None, [*row.problems, injected])) or "none",
    )
    marked = ' aria-current="true"' if selected else ""
    name = f"<th scope='row'>{escape(row.camera_id)}</th>"
    shown = name + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr data-camera="{escape(row.camera_id)}" data-tone="{row.tone}"{marked}>{shown}</tr>'


def _figures(row: CameraRow) -> tuple[str, ...]:
    """Return what was measured on its frames; a dash where there are none."""
    if not row.is_live:
        return (UNKNOWN,) * 5
    return (
        f"{row.pairs_per_s:.1f}/s",
        _number(row.drift_p95_ms, " ms", 1),
        _number(row.violations, " %", 1, 100),
        _number(row.latency_p50_ms, " ms", 0),
        row.fresh,
    )


def _number(value: float | None, unit: str, digits: int, factor: float = 1) -> str:
    return UNKNOWN if value is None else f"{value * factor:.{digits}f}{unit}"
