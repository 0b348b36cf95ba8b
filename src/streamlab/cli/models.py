"""``streamlab models``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from streamlab.cli.terminal import EXIT_ERROR, Threads, err, out, show_error
from streamlab.errors import StreamlabError

if TYPE_CHECKING:
    from streamlab.detect.detector import Detector
    from streamlab.media.picture import Picture

BATCHES = (1, 4, 8)
PICTURE_SIZE = (640, 360)
FRAMES_APART = 30
MOST_CLASSES_NAMED = 8
UNKNOWN = "-"


def models(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Models to measure besides the shipped ones: files or folders."),
    ] = None,
    provider: Annotated[
        list[str] | None,
        typer.Option(
            help="Backend for .onnx models: cpu, openvino, cuda or tensorrt. Repeat it "
            "to compare several.",
            show_default=False,
        ),
    ] = None,
    threads: Threads = 1,
    seconds: Annotated[float, typer.Option(min=0, help="Time spent on each figure.")] = 2.0,
) -> None:
    """List models and measure them on this machine.

    The figures are milliseconds per picture of 640x360 px, from YUV planes to labelled boxes: the
    median of repeated runs, for single pictures and for batches of 4 and 8. The lines below the
    table tell how each .onnx model is interpreted, and on what evidence.

    Examples:

        streamlab models
        streamlab models yolo26n.onnx --threads 2
        streamlab models --provider cpu --provider openvino
        streamlab models mine.onnx#format=yolov5
    """
    from streamlab.detect.shipped import shipped_models  # noqa: PLC0415

    readings: dict[str, str] = {}
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for title in ("model", "task", "classes", "input", "size", "provider"):
        table.add_column(title, no_wrap=title != "classes", overflow="fold")
    for batch in BATCHES:
        title = f"batch {batch}" if batch == BATCHES[0] else str(batch)
        table.add_column(title, justify="right", no_wrap=True)
    failed = False
    providers: Sequence[str | None] = provider or [None]
    pictures = _pictures(max(BATCHES))
    shipped = shipped_models()
    for path in dict.fromkeys([*shipped.values(), *_files(paths or [], shipped)]):
        for asked in providers:
            try:
                table.add_row(*_row(path, asked, threads, pictures, seconds, readings))
            except StreamlabError as error:
                show_error(error)
                failed = True
    if table.row_count:
        out.print(table)
        per_core = "one thread" if threads == 1 else f"{threads or 'default'} threads"
        out.print(f"[dim]Milliseconds per picture of 640x360 px, {per_core}.[/dim]")
    for name, reading in readings.items():
        out.print(Text(f"{name} is read as {reading}", style="dim"), soft_wrap=True)
    if failed:
        raise typer.Exit(EXIT_ERROR)


def _pictures(count: int) -> list[Picture]:
    from streamlab.core.time.timebase import frame_pts  # noqa: PLC0415
    from streamlab.media.picture import Picture  # noqa: PLC0415
    from streamlab.street.scene import Street  # noqa: PLC0415

    with err.status("Drawing pictures"):
        street = Street(*PICTURE_SIZE)
        return [
            Picture.from_planes(street.draw(number), frame_pts(number, street.fps))
            for number in range(0, count * FRAMES_APART, FRAMES_APART)
        ]


def _files(paths: Sequence[Path], shipped: Mapping[str, Path]) -> Iterator[Path]:
    for path in paths:
        found = sorted(path.glob("*.onnx")) if path.is_dir() else []
        yield from found or [shipped.get(str(path), path)]


def _row(
    path: Path,
    provider: str | None,
    threads: int | None,
    pictures: list[Picture],
    seconds: float,
    readings: dict[str, str],
) -> list[str]:
    from streamlab.detect.load import load_detector  # noqa: PLC0415
    from streamlab.detect.onnx import OnnxDetector  # noqa: PLC0415

    with err.status(f"Loading {path.name}"):
        detector = load_detector(path, provider=provider, threads=threads)
    about = _about(path, detector)
    if isinstance(detector, OnnxDetector):
        readings[detector.name] = str(detector.reading)
    times = [_time(path.name, detector, pictures[:batch], seconds) for batch in BATCHES]
    detector.close()
    return [detector.name, *about, *times]


def _about(path: Path, detector: Detector) -> list[str]:
    """Return the table cells: task, classes, input size, file size and provider."""
    from streamlab.detect.onnx import OnnxDetector  # noqa: PLC0415
    from streamlab.detect.providers import short_name  # noqa: PLC0415

    file = detector.path if isinstance(detector, OnnxDetector) else path
    size = f"{file.stat().st_size / 1e6:.2f} MB" if file.is_file() else UNKNOWN
    if not isinstance(detector, OnnxDetector):
        return ["detect", UNKNOWN, UNKNOWN, size, detector.kind]
    card = detector.card
    width, height = card.input_size
    up_to = "" if card.dynamic_stride is None else "up to "
    return [
        card.task or "detect",
        _classes(list((card.names or {}).values())),
        f"{up_to}{width}x{height}",
        size,
        short_name(detector.provider),
    ]


def _classes(names: Sequence[str]) -> str:
    if len(names) <= MOST_CLASSES_NAMED:
        return ", ".join(names) or UNKNOWN
    return f"{len(names)}: {', '.join(names[:3])}, …"


def _time(name: str, detector: Detector, pictures: Sequence[Picture], seconds: float) -> str:
    """Return the ms per picture, or a dash for a batch size that the model does not accept."""
    from streamlab.detect.measure import measure_detector  # noqa: PLC0415
    from streamlab.detect.onnx import OnnxDetector  # noqa: PLC0415

    takes = detector.card.max_batch if isinstance(detector, OnnxDetector) else None
    if takes is not None and len(pictures) not in (1, takes):
        return UNKNOWN
    with err.status(f"Measuring {name}, batch {len(pictures)}"):
        return f"{measure_detector(detector, pictures, seconds).ms_per_picture:.1f}"
