"""The command line: ``streamlab demo``, ``serve`` and ``probe``."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

import streamlab
from streamlab.errors import SourceUnreachableError, StreamlabError

if TYPE_CHECKING:
    from streamlab.manager import StreamChannelManager
    from streamlab.media.spec import SourceSpec

EXIT_ERROR = 1
EXIT_USAGE = 2
DEMO_SOURCE = "synthetic://traffic"

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)
app = typer.Typer(
    name="streamlab",
    help="See the raw and the annotated picture of one camera at the same moment.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Model = Annotated[
    Path | None,
    typer.Option(
        help="Detector: a model exported by Ultralytics (.onnx), or with the `yolo` extra a .pt."
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")]


@app.command()
def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    model: Model = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Show a synthetic street: raw and annotated, in a browser.

    Without `--model` the boxes are the scene's ground truth, and the page says so.

    Examples:

        streamlab demo
        streamlab demo --model yolo.onnx --port 9000
    """
    _log(verbose)
    _run([f"street={DEMO_SOURCE}"], model, host, port, browser=not no_browser)


@app.command()
def serve(
    camera: Annotated[
        list[str],
        typer.Option(metavar="NAME=SOURCE", help="A camera; may be given more than once."),
    ],
    model: Model = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    allow_scheme: Annotated[
        list[str] | None,
        typer.Option(help="Sources that may be added over HTTP: synthetic, rtsp, http or webcam."),
    ] = None,
    allow_folder: Annotated[
        list[Path] | None, typer.Option(help="Files below it may be added over HTTP.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Serve cameras: each as a raw and an annotated channel on one timeline.

    A SOURCE is a video file (looped; with `#once` behind its name, played once),
    `rtsp://host/path`, `http(s)://host/path`, a webcam such as `/dev/video0`, or
    `synthetic://traffic?width=640&height=360&fps=30&seed=1`.

    Examples:

        streamlab serve --camera door=door.mp4 --model yolov8n.onnx
        streamlab serve --camera yard=rtsp://user:secret@10.0.0.7/stream1 --camera cam=/dev/video0
    """
    _log(verbose)
    _run(camera, model, host, port, schemes=allow_scheme, folders=allow_folder)


@app.command()
def probe(source: Annotated[str, typer.Argument(help="A source, as in `serve`.")]) -> None:
    """Say what a source is: codec, size, rate, GOP, B-frames, and whether `source` quality works.

    Example:

        streamlab probe rtsp://10.0.0.7/stream1
    """
    from streamlab.media.probe import probe as probe_source  # noqa: PLC0415
    from streamlab.media.spec import SourceSpec  # noqa: PLC0415

    _log(verbose=False)
    with _errors_shown():
        spec = SourceSpec.parse(source)
        with err.status(f"Reading {spec.display}"):
            report = probe_source(spec)
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    gop = "no second keyframe seen" if report.gop_s is None else f"{report.gop_s:.2f} s"
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
            table.add_row(f"[dim]{name}[/dim]", value)
    out.print(table)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """See the raw and the annotated picture of one camera at the same moment.

    Start with `streamlab demo`.
    """
    if show:
        out.print(f"streamlab {streamlab.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    app()


def _run(
    cameras: list[str],
    model: Path | None,
    host: str,
    port: int,
    *,
    schemes: list[str] | None = None,
    folders: list[Path] | None = None,
    browser: bool = False,
) -> None:
    # Imported here so that --help is quick.
    from streamlab.detect.load import load_detector  # noqa: PLC0415
    from streamlab.manager import StreamChannelManager  # noqa: PLC0415
    from streamlab.media.spec import SourcePolicy, SourceSpec  # noqa: PLC0415
    from streamlab.server.run import bind, serve  # noqa: PLC0415
    from streamlab.settings import Settings  # noqa: PLC0415

    with _errors_shown():
        named = {name: SourceSpec.parse(source) for name, source in map(_name_and_source, cameras)}
        settings = Settings()
        policy = SourcePolicy.of(
            [*settings.allowed_schemes, *(schemes or [])],
            [*settings.allowed_folders, *(folders or [])],
            named.values(),
        )
        listener = bind(host, port)
        with err.status("Loading the model") if model else nullcontext():
            detector = load_detector(model) if model else None

        async def run() -> None:
            channels = StreamChannelManager(settings, detector)

            async def open_cameras() -> None:
                await _open_cameras(channels, named)
                _greet(host, port, list(channels.cameras), browser)

            await serve(channels, policy, listener, open_cameras)

        with suppress(KeyboardInterrupt):  # before the server took over the signals
            asyncio.run(run())
        err.print("Stopped.")


async def _open_cameras(channels: StreamChannelManager, named: dict[str, SourceSpec]) -> None:
    """Open each camera. One that cannot be reached is tried again while the others run."""
    unreachable = []
    for name, spec in named.items():
        try:
            with err.status(f"Opening {name}: {spec.display}"):
                await channels.add_camera(name, spec)
        except SourceUnreachableError as error:
            if len(named) == 1:
                raise
            err.print(f"[yellow]{name}: {error.message}; trying again in the background[/yellow]")
            unreachable.append(name)
        else:
            err.print(f"[green]✓[/green] {name}: {spec.display}")
    if len(unreachable) == len(named):
        raise SourceUnreachableError(
            "none of the cameras can be reached", hint="Check addresses and cables."
        )
    for name in unreachable:
        task = asyncio.create_task(_keep_trying(channels, name, named[name]))
        _retries.add(task)
        task.add_done_callback(_retries.discard)


_retries: set[asyncio.Task[None]] = set()  # the loop holds tasks weakly


async def _keep_trying(channels: StreamChannelManager, name: str, spec: SourceSpec) -> None:
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(SourceUnreachableError),
        wait=wait_exponential_jitter(initial=2, max=30),
    )
    try:
        await attempts(channels.add_camera, name, spec)
    except StreamlabError as error:
        err.print(f"[red]{name}: {error.message}; given up[/red]")


def _name_and_source(text: str) -> tuple[str, str]:
    name, equals, source = text.partition("=")
    if not equals or not name or not source:
        raise StreamlabError(f"--camera {text}: not NAME=SOURCE", hint="Write door=door.mp4.")
    return name, source


def _greet(host: str, port: int, cameras: list[str], browser: bool) -> None:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
    out.print(f"Watch {', '.join(cameras)} at [bold]{url}[/bold]  (Ctrl-C stops)")
    if shown != host:
        err.print("[yellow]Anybody who reaches this machine can watch: there is no login.[/yellow]")
    has_display = (
        sys.platform != "linux" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    )
    if browser and has_display:
        webbrowser.open(url)


@contextmanager
def _errors_shown() -> Iterator[None]:
    """Print an error of ours in two lines, and exit with its code."""
    try:
        yield
    except StreamlabError as error:
        err.print(f"[bold red]Error:[/bold red] {error.message}", markup=True)
        if error.hint:
            err.print(f"[dim]{error.hint}[/dim]")
        raise typer.Exit(EXIT_ERROR) from None
    except ValidationError as error:
        for fault in error.errors():
            name = ".".join(map(str, fault["loc"]))
            err.print(f"[bold red]Error:[/bold red] setting {name}: {fault['msg']}")
        raise typer.Exit(EXIT_USAGE) from None


def _log(verbose: bool) -> None:
    import av.logging  # noqa: PLC0415

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    av.logging.set_level(av.logging.FATAL)
