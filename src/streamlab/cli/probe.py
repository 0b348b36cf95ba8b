"""``streamlab probe``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from streamlab.cli.terminal import err, errors_shown, out, start_logging


def probe(source: Annotated[str, typer.Argument(help="A source, as in `serve`.")]) -> None:
    """Inspect a source: codec, size, rate, GOP, B-frames, and whether `source` quality is possible.

    Example:

        streamlab probe rtsp://10.0.0.7/stream1
    """
    from streamlab.media.probe import probe as probe_source  # noqa: PLC0415
    from streamlab.media.spec import SourceSpec  # noqa: PLC0415

    start_logging()
    with errors_shown():
        spec = SourceSpec.parse(source)
        with err.status(f"Reading {escape(spec.display)}"):
            report = probe_source(spec)
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    gop = "only one keyframe seen" if report.gop_s is None else f"{report.gop_s:.2f} s"
    passthrough = report.source_quality_detail
    rows = {
        "source": report.source,
        "codec": report.codec,
        "size": f"{report.width}x{report.height} px",
        "rate": f"{float(report.fps):.3f} fps ({report.fps})",
        "GOP": gop,
        "B-frames": "yes" if report.b_frames else "no",
        **report.details,
        "source quality": f"transcoded: {passthrough}" if passthrough else "passed through",
    }
    for name, value in rows.items():
        if value:
            table.add_row(f"[dim]{name}[/dim]", escape(value))
    out.print(table)
