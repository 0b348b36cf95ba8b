"""Commands: ``demo``, ``serve``, ``watch``, ``models``, ``probe``, ``bench``, ``record-trace``."""

from __future__ import annotations

from typing import Annotated

import typer

import streamlab
from streamlab.cli.bench import bench
from streamlab.cli.models import models
from streamlab.cli.probe import probe
from streamlab.cli.record import record_trace
from streamlab.cli.serve import demo, serve
from streamlab.cli.terminal import out, print_any_text
from streamlab.cli.watch import watch

__all__ = ["app", "main"]

app = typer.Typer(
    name="streamlab",
    help="Serve cameras as synchronised raw and annotated video, and measure what viewers receive.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for command in (demo, serve, watch, models, probe, bench, record_trace):
    app.command()(command)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Serve cameras as synchronised raw and annotated video, and measure what viewers receive.

    Start with `streamlab demo`.
    """
    if show:
        out.print(f"streamlab {streamlab.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    print_any_text()
    app()
