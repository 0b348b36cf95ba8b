"""``streamlab probe``."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from streamlab import errors
from streamlab.cli.probe_table import probe_tables
from streamlab.cli.terminal import EXIT_USAGE, err, errors_shown, out, start_logging
from streamlab.signals import noted_interrupt

if TYPE_CHECKING:
    from streamlab.media.probe import ProbeReport, Reading

EXIT_INTERRUPTED = 128 + signal.SIGINT
POLL_S = 0.1
_ERROR_TYPES: dict[type[errors.StreamlabError], str] = {
    errors.SourceNotFoundError: "not_found",
    errors.SourceUnreachableError: "unreachable",
    errors.SourceFormatError: "not_video",
}


def probe(
    source: Annotated[
        str,
        typer.Argument(
            help="A source, as in `serve`; without credentials, which `streamlab.toml` may hold."
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; see docs/probe.md for its keys.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(
            min=0.1, max=3600, metavar="SECONDS", help="How long the first picture may take."
        ),
    ] = 10.0,
) -> None:
    """Inspect a source: streams, rate, picture, colours, GOP, and how streamlab handles them.

    Reads at most 6 s of video, for at most 10 s once the source is open. Ctrl-C stops it
    immediately, with exit code 130. The exit code is 2 if the source cannot be read; with `--json`
    standard output then has an object with the key `error`. Unknown values are `null`. Keys
    carry their units: `duration_s`, `fps_claimed`, `fps_measured`, `gop_s`, `gop_frames`, ...

    Examples:

        streamlab probe rtsp://10.0.0.7/stream1
        streamlab probe --json door.mp4
        streamlab probe --timeout 60 http://cam.local/slow.mjpg
    """
    from streamlab.cli.sources import parse_source  # noqa: PLC0415
    from streamlab.media.probe import Reading  # noqa: PLC0415

    start_logging()
    errors_told = _errors_as_json if as_json else lambda: errors_shown(EXIT_USAGE)
    with errors_told():
        reading = Reading(parse_source(source), timeout)
    try:
        with errors_told():
            report = _read(reading)
            if as_json:
                print(json.dumps(report.as_dict(), indent=2, allow_nan=False))
            else:
                out.print(*probe_tables(report), sep="\n")
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _read(reading: Reading) -> ProbeReport:
    with noted_interrupt() as interrupted, err.status(escape(reading.progress)) as status:
        reading.start()
        while not reading.wait(POLL_S):
            if interrupted():
                raise KeyboardInterrupt
            status.update(escape(reading.progress))
    return reading.report()


@contextmanager
def _errors_as_json() -> Iterator[None]:
    try:
        yield
    except errors.StreamlabError as error:
        kind = _ERROR_TYPES.get(type(error), "invalid_source")
        told = {"type": kind, "message": error.message, "hint": error.hint or None}
        print(json.dumps({"error": told}, indent=2))
        raise typer.Exit(EXIT_USAGE) from None
