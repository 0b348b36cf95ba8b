"""The ``streamlab`` command line: collects the commands of this package into one application."""

from __future__ import annotations

import atexit
import os
import re
import sys
import threading
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from streamlab.cli.bench import bench
from streamlab.cli.check_config import check_config
from streamlab.cli.models import models
from streamlab.cli.probe import probe
from streamlab.cli.record import record_trace
from streamlab.cli.serve import demo, serve
from streamlab.cli.terminal import out, print_any_text
from streamlab.cli.watch import watch
from streamlab.credentials import HIDDEN, scrub
from streamlab.version import __version__

__all__ = ["app", "main"]


# UsageError: Typer does not export it, and takes it from click or, in newer versions, defines it.
_UsageError: Any = typer.BadParameter.__mro__[1]


class _Commands(TyperGroup):
    """Hides credentials in usage errors, which quote the arguments."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            # An unquoted password that contains a space arrives as two arguments.
            error.message = re.sub(r"[^\s(]*@", f"{HIDDEN}@", scrub(error.message))
            raise


app = typer.Typer(
    name="streamlab",
    cls=_Commands,
    help="Serve cameras as synchronised raw and annotated video, and measure what viewers receive.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for command in (demo, serve, check_config, watch, models, probe, bench, record_trace):
    app.command()(command)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Serve cameras as synchronised raw and annotated video, and measure what viewers receive.

    Start with `streamlab demo`.
    """
    if show:
        out.print(f"streamlab {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    print_any_text()
    try:
        app()
    except SystemExit as exit_:
        _end_at_once(exit_.code)
        raise


def _end_at_once(code: str | int | None) -> None:
    """Exit without interpreter finalization while daemon threads run.

    Such a thread may be inside FFmpeg and would crash there: nothing interrupts FFmpeg while it
    opens a source that does not answer.
    """
    running = [thread for thread in threading.enumerate() if thread.daemon]
    if any(thread is not threading.current_thread() for thread in running):
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))
