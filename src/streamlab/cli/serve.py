"""``streamlab demo`` and ``streamlab serve``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamlab.cli.terminal import Provider, Threads, errors_shown, start_logging

if TYPE_CHECKING:
    from streamlab.config.file import Configuration

DEMO_CAMERA = "street=synthetic://traffic?width=1280&height=720"

# Slow imports happen inside the command that needs them, so that --help is quick.

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Model = Annotated[
    str | None,
    typer.Option(
        help="Detector: `street` (shipped), a YOLO or RT-DETR model (.onnx; `#format=yolov5` after "
        "the name says how it is read, where that is not clear), with the `yolo` extra a .pt, "
        "`truth` (what a synthetic scene knows of itself), `none`, or `name:argument` of an "
        "installed package.",
        show_default=False,
    ),
]
Renderer = Annotated[
    str,
    typer.Option(
        help="What draws the detections: `boxes`, or a name that an installed package adds."
    ),
]
Redact = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Make what is detected unrecognisable: `pixelate`, `blur`, or a renderer of an "
        "installed package that redacts. Frames that cannot be redacted are not shown. Takes the "
        "place of `--renderer`.",
        show_default=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Settings and cameras; without it `streamlab.toml`, if there is one.",
        show_default=False,
    ),
]
RootPath = Annotated[
    str,
    typer.Option(
        metavar="PATH",
        help="Path below which a proxy offers this server, such as `/video`. Not needed behind a "
        "proxy that sends X-Forwarded-Prefix from an address in FORWARDED_ALLOW_IPS (127.0.0.1).",
        show_default=False,
    ),
]
Workers = Annotated[
    str | None,
    typer.Option(
        metavar="N",
        help="Run the cameras in up to N processes of their own; `auto`: one per core; 0: in the "
        "server's. Without it, the setting `workers`, by default `auto`.",
        show_default=False,
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")]


def _prepare_workers(configuration: Configuration, workers: str | None) -> None:
    """Let a fork server import what workers need while this process imports the server."""
    from streamlab.processes.child import prepare_children  # noqa: PLC0415
    from streamlab.settings import SERVER_WORKERS  # noqa: PLC0415

    chosen = configuration.settings.workers
    if (workers or (SERVER_WORKERS if chosen is None else chosen)) not in ("0", 0):
        prepare_children("streamlab.bus.worker_main", "streamlab.detect.remote.child")


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    model: Model = None,
    renderer: Renderer = "boxes",
    redact: Redact = None,
    provider: Provider = None,
    threads: Threads = None,
    workers: Workers = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the URL, and do not open a browser.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Show a synthetic street, raw and annotated, in the browser.

    The boxes come from the shipped model `street` unless `--model` names another. Press T on the
    page to outline the ground truth.

    Examples:

        streamlab demo
        streamlab demo --model truth
        streamlab demo --model yolo.onnx --port 9000
    """
    from streamlab.config.file import Configuration  # noqa: PLC0415
    from streamlab.settings import Settings  # noqa: PLC0415

    start_logging(verbose=verbose)
    with errors_shown():
        configuration = Configuration(Settings())
        _prepare_workers(configuration, workers)
        from streamlab.cli.detectors import ModelOptions  # noqa: PLC0415
        from streamlab.cli.run import run  # noqa: PLC0415

        run(
            [DEMO_CAMERA],
            ModelOptions(model, provider=provider, threads=threads),
            host,
            port,
            configuration=configuration,
            renderer=renderer,
            redact=redact,
            workers=workers,
            browser=not no_browser,
        )


def serve(
    camera: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SOURCE",
            help="A camera, in place of those of the configuration. Repeat the option for more. "
            "Put credentials into `streamlab.toml`: other users can read a command line.",
        ),
    ] = None,
    config: Config = None,
    model: Model = None,
    camera_model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=MODEL", help="A model for this camera only. Repeat the option for more."
        ),
    ] = None,
    renderer: Renderer = "boxes",
    redact: Redact = None,
    provider: Provider = None,
    threads: Threads = None,
    workers: Workers = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    allow_scheme: Annotated[
        list[str] | None,
        typer.Option(
            help="Kind of source that may be added over HTTP: synthetic, rtsp, http, udp, webcam, "
            "or a scheme that an installed package adds."
        ),
    ] = None,
    allow_folder: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder whose files may be added over HTTP, and whose .onnx models the "
            "dashboard may use."
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PRESET",
            help="Faults to inject into this camera: a preset such as `lognormal`, "
            "`stalls 3 s` or `lost frames`. Repeat the option for more.",
        ),
    ] = None,
    root_path: RootPath = "",
    verbose: Verbose = False,
) -> None:
    """Serve cameras, each as a raw and an annotated channel on one timeline.

    A SOURCE is a video file (looped; append `#once` to play it once),
    `rtsp://host/path`, `http(s)://host/path`, `udp://host:port`, a webcam such as `webcam://0`
    (or its name), or `synthetic://traffic?width=640&height=360&fps=30&seed=1`.

    Without `--camera`, the cameras of the configuration are served. `streamlab check-config` lists
    the mistakes in a configuration.

    The model is loaded once and serves all cameras. Without `--model`, synthetic cameras use the
    shipped model, which was trained on synthetic scenes only, and other cameras are not annotated.

    Examples:

        streamlab serve --camera door=door.mp4 --model yolov8n.onnx
        streamlab serve --camera yard=rtsp://10.0.0.7/stream1 --camera cam=webcam://0
        streamlab serve --camera a=a.mp4 --camera b=b.mp4 --model n.onnx --camera-model b=m.onnx
        streamlab serve --camera street=synthetic://traffic --fault "street=stalls 3 s"
        streamlab serve --config cameras.toml
        streamlab serve --camera door=door.mp4 --model yolov8n.onnx --redact pixelate
    """
    from streamlab.config.file import read_configuration  # noqa: PLC0415

    start_logging(verbose=verbose)
    with errors_shown():
        configuration = read_configuration(config)
        _prepare_workers(configuration, workers)
        from streamlab.cli.detectors import ModelOptions  # noqa: PLC0415
        from streamlab.cli.run import run  # noqa: PLC0415

        run(
            camera or [],
            ModelOptions(model, camera_model or [], provider, threads),
            host,
            port,
            configuration=configuration,
            schemes=allow_scheme or [],
            folders=allow_folder or [],
            faults=fault or [],
            renderer=renderer,
            redact=redact,
            workers=workers,
            root_path=root_path,
        )
