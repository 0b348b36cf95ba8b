"""``streamlab record-trace``."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import signal
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.progress import BarColumn, Progress, TextColumn

from streamlab.cli.serve import Model, Verbose
from streamlab.cli.terminal import (
    SAFER_URL,
    Provider,
    Threads,
    Token,
    err,
    errors_shown,
    out,
    read_option,
    start_logging,
    warn_of_credentials,
)
from streamlab.clock import monotonic_ns
from streamlab.core.time.timebase import NS_PER_S
from streamlab.credentials import redacted
from streamlab.errors import (
    DisabledError,
    InvalidRequestError,
    SourceNotFoundError,
    TraceWriteError,
)
from streamlab.signals import stop_signals

if TYPE_CHECKING:
    import pandas as pd

    from streamlab.cli.detectors import ModelOptions
    from streamlab.media.spec import SourceSpec

EXIT_INTERRUPTED = 128 + signal.SIGINT
# A frame takes about 100 bytes in a Parquet file.
BYTES_PER_S = 60 * 100
MIN_FREE_BYTES = 1_000_000
BAR_STEP_S = 0.1
T = TypeVar("T")


def record_trace(
    camera: Annotated[
        str, typer.Argument(help="A source, as in `serve`; with `--url`, a camera id.")
    ],
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to record.")] = 60.0,
    path: Annotated[Path, typer.Option("--out", help="The Parquet file to write.")] = Path(
        "trace.parquet"
    ),
    url: Annotated[
        str | None,
        typer.Option(
            help="Record a camera of this running server, such as http://127.0.0.1:8000; "
            "`env:NAME` or `file:PATH` if it holds a password.",
            show_default=False,
        ),
    ] = None,
    token: Token = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    model: Model = None,
    provider: Provider = None,
    threads: Threads = None,
    verbose: Verbose = False,
) -> None:
    """Record a trace of a camera: when each frame was captured, ready and released.

    A trace has one row per captured frame. `streamlab.analysis.simulate` replays it under any
    policy. Ctrl-C stops the recording and keeps what was recorded, except with `--url`.

    Examples:

        streamlab record-trace synthetic://traffic --seconds 60 --out street.parquet
        streamlab record-trace door.mp4 --model yolov8n.onnx --out door.parquet
        streamlab record-trace door --url http://127.0.0.1:8000 --seconds 600 --out door.parquet
    """
    start_logging(verbose=verbose)
    with errors_shown(), _interruption_shown():
        _check_path(path, seconds, force=force)
        _check_packages("pandas", "pyarrow", *(["httpx"] if url else []))
        if url is None:
            table = _record_source(camera, model, provider, threads, seconds, path)
        elif model or provider or threads:
            raise InvalidRequestError(
                "--model, --provider and --threads cannot be combined with --url",
                hint="The server has its own detectors.",
            )
        else:
            warn_of_credentials(url, "The URL", SAFER_URL)
            server = read_option(url, "--url")
            table = _record_at_server(server, token, camera, seconds, path)
    out.print(f"{path}: {_summary(table)}", markup=False)


def _record_source(
    source: str,
    model: str | None,
    provider: str | None,
    threads: int | None,
    seconds: float,
    path: Path,
) -> pd.DataFrame:
    from streamlab.analysis.table import write_trace  # noqa: PLC0415
    from streamlab.cli.detectors import ModelOptions  # noqa: PLC0415
    from streamlab.cli.sources import parse_source  # noqa: PLC0415

    spec = parse_source(source)
    models = ModelOptions(model, provider=provider, threads=threads)
    try:
        table = asyncio.run(_run_and_record(spec, models, seconds))
    except SourceNotFoundError as error:
        error.hint = f"{error.hint} To record the camera of a running server, add --url.".strip()
        raise
    with err.status(f"Writing {path}"):
        write_trace(table, path, table.attrs["about"])
    return table


async def _run_and_record(spec: SourceSpec, models: ModelOptions, seconds: float) -> pd.DataFrame:
    from streamlab.analysis.record import record, running_camera  # noqa: PLC0415
    from streamlab.settings import Settings  # noqa: PLC0415

    settings, detector = Settings(), models.load_shared()
    async with AsyncExitStack() as stack:
        with err.status(f"Opening {spec.display}"):
            camera, subscriptions = await stack.enter_async_context(
                running_camera(spec, detector, settings, only_synthetic=models.only_synthetic)
            )
        said = f"Recording {spec.display} for {seconds:g} s (Ctrl-C stops and keeps it)"
        err.print(said, markup=False)
        with _set_by_signals() as stop:
            table = await _with_bar(
                record(camera, subscriptions, seconds=seconds, stop=stop), seconds
            )
            if stop.is_set():
                err.print("[yellow]Stopped early.[/yellow]")
    return table


def _record_at_server(
    url: str, token: str | None, camera_id: str, seconds: float, path: Path
) -> pd.DataFrame:
    from streamlab.cli.fetch_trace import fetch_trace  # noqa: PLC0415

    said = f"Recording {camera_id} at {redacted(url)} for {seconds:g} s (Ctrl-C discards it)"
    err.print(said, markup=False)
    return asyncio.run(_with_bar(fetch_trace(url, token, camera_id, seconds, path), seconds))


def _check_path(path: Path, seconds: float, *, force: bool) -> None:
    """Raise TraceWriteError unless ``path`` can be written, before anything is recorded."""
    if path.exists() and not path.is_file():
        raise TraceWriteError(f"'{path}' is not a file", hint="Name the Parquet file to write.")
    if path.exists() and not force:
        raise TraceWriteError(f"'{path}' already exists", hint="--force replaces it.")
    try:
        with NamedTemporaryFile(dir=path.parent):
            free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise TraceWriteError(
            f"cannot write '{path}': {error.strerror or error}",
            hint="Choose an existing, writable folder.",
        ) from error
    if free < MIN_FREE_BYTES + seconds * BYTES_PER_S:
        raise TraceWriteError(
            f"the disk of '{path}' has {free / 1e6:.1f} MB left",
            hint="Free some space, or use another disk.",
        )


def _check_packages(*names: str) -> None:
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise DisabledError(
            f"{' and '.join(missing)} must be installed first",
            hint="pip install 'streamlab-vision[traces,client]'",
        )


async def _with_bar(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Await ``work`` and return its result, while a bar shows the elapsed time."""
    working, started_ns = asyncio.ensure_future(work), monotonic_ns()
    quiet = not err.is_terminal
    columns = (BarColumn(), TextColumn("{task.completed:.0f} of {task.total:g} s"))
    try:
        with Progress(*columns, console=err, transient=True, disable=quiet) as progress:
            bar = progress.add_task("", total=seconds)
            while not working.done():
                await asyncio.wait({working}, timeout=BAR_STEP_S)
                elapsed_s = (monotonic_ns() - started_ns) / NS_PER_S
                progress.update(bar, completed=min(elapsed_s, seconds))
        return working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


@contextmanager
def _set_by_signals() -> Iterator[asyncio.Event]:
    """Yield an event that stop signals such as Ctrl-C set, instead of ending the process."""
    stop = asyncio.Event()
    with stop_signals(lambda _: stop.set()):
        yield stop


@contextmanager
def _interruption_shown() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        err.print("Stopped: nothing was recorded.")
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _summary(table: pd.DataFrame) -> str:
    """Return one line: frames, duration, drift, delay added to raw, and fresh fraction."""
    tolerance_ms = table.attrs["about"]["sync_tolerance_ms"]
    drift_ms = (table["annotated_released_ns"] - table["raw_released_ns"]) / 1e6
    added_ms = (table["raw_released_ns"] - table["raw_ready_ns"]) / 1e6
    seconds = (table["captured_ns"].max() - table["captured_ns"].min()) / NS_PER_S
    figures = [f"{len(table)} frames in {seconds:.1f} s"]
    if drift_ms.notna().any():
        outside = (drift_ms.abs() > tolerance_ms).mean()
        fresh = (table["detections_pts"] == table["pts"]).mean()
        figures += [
            f"{outside:.1%} beyond {tolerance_ms:g} ms of drift",
            f"{added_ms.mean():.1f} ms added to raw",
            f"{fresh:.1%} with fresh boxes",
        ]
    return ", ".join(figures)
