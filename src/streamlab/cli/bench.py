"""``streamlab bench``."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from streamlab.cli.terminal import Provider, Threads, err, errors_shown, out, start_logging
from streamlab.cores import usable_cores

if TYPE_CHECKING:
    from streamlab.camera.capacity import Capacity

DEFAULT_CAMERA = "synthetic://traffic?width=640&height=360&fps=30"


def bench(
    camera: Annotated[str, typer.Option(help="A source, as in `serve`.")] = DEFAULT_CAMERA,
    model: Annotated[
        str, typer.Option(help="A model, as in `serve`: a name, a file or `none`.")
    ] = "street",
    seconds: Annotated[
        float, typer.Option(min=1, help="Approximate duration of the measurement.")
    ] = 20.0,
    provider: Provider = None,
    threads: Threads = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate how many cameras like this one the machine can carry, and what limits it.

    First the camera's frames pass through one stage at a time, which shows where CPU time goes.
    Then the camera runs live with one detection a second, which shows what a frame costs. The
    number of cameras is calculated from these figures, not measured.

    Examples:

        streamlab bench
        streamlab bench --camera webcam://0 --model yolo26n.onnx
        streamlab bench --camera rtsp://10.0.0.7/stream1 --json
    """
    from streamlab.camera.capacity import capacity, run_camera  # noqa: PLC0415
    from streamlab.camera.stages import measure_stages  # noqa: PLC0415
    from streamlab.cli.detectors import ModelOptions  # noqa: PLC0415
    from streamlab.cli.sources import parse_source  # noqa: PLC0415
    from streamlab.detect.draw import BoxRenderer  # noqa: PLC0415
    from streamlab.media.opening import open_within  # noqa: PLC0415

    start_logging()
    with errors_shown():
        spec = parse_source(camera)
        detector = ModelOptions(model, (), provider, threads).load_shared()
        if detector is None:
            raise typer.BadParameter("`truth` has no cost to measure; name a model, or `none`")
        with (
            err.status(f"Measuring the stages of {spec.display}"),
            closing(open_within(spec)) as source,
        ):
            info = source.info
            frames = max(10, round(seconds / 2 * info.fps))
            costs = measure_stages(
                source, detector, BoxRenderer(), frames=frames, within_s=seconds / 2
            )
        with err.status(f"Running {spec.display} live"):
            running = run_camera(spec, detector, within_s=seconds / 2)
        found = capacity(info, costs, running, cores=usable_cores())
    if as_json:
        out.print_json(json.dumps(asdict(found)))
    else:
        _show(found, spec.display, detector.name)


def _show(found: Capacity, camera: str, model: str) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("stage")
    table.add_column("CPU ms per frame", justify="right")
    table.add_column("frames per second on one core", justify="right")
    for stage, cpu_ms in found.stages_ms.items():
        table.add_row(stage, f"{cpu_ms:.2f}", f"{1000 / cpu_ms:.0f}" if cpu_ms else "-")
    table.add_row("total, live", f"{found.cpu_ms:.2f}", f"{1000 / found.cpu_ms:.0f}")
    out.print(f"{camera}: {found.width}x{found.height} at {found.fps:g} fps, model {model}")
    out.print(table)
    out.print(
        f"While it ran live, with one detection a second, {found.dropped:.0%} of its frames were "
        "dropped."
    )
    cameras = "one camera" if found.cameras == 1 else f"{found.cameras} cameras"
    out.print(
        f"[bold]This machine ({found.cores} cores) can carry {cameras} like this one[/bold] "
        f"with every frame detected, {found.cameras_sparse} with one a second."
    )
    out.print(found.limit)
    out.print(
        "[dim]Calculated from one camera's CPU time, using 95 % of all cores; not tried out.[/dim]"
    )
