"""The consoles, shared options, error output and logging of the commands."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from streamlab.credentials import CredentialsFilter, redacted
from streamlab.errors import ConfigurationError, StreamlabError
from streamlab.secret import is_reference, read_secret

EXIT_ERROR = 1
EXIT_USAGE = 2

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Provider = Annotated[
    str | None,
    typer.Option(
        help="Backend for .onnx models: cpu, openvino, cuda or tensorrt.", show_default=False
    ),
]
VISIBLE = "other users of this machine can read it in the list of processes"


def _read_token(context: typer.Context, value: str | None) -> str | None:
    """Return the token that an option names; warn if it was written on the command line."""
    if value is None:
        return None
    source = context.get_parameter_source("token")
    if source is not None and source.name == "COMMANDLINE" and not is_reference(value):
        err.print(f"[yellow]--token is given in plain: {VISIBLE}. {SAFER_TOKEN}[/yellow]")
    return read_option(value, "--token")


def read_option(value: str, name: str) -> str:
    """Return what an option holds, or names as ``env:NAME`` or ``file:PATH``."""
    try:
        return read_secret(value, name)
    except ValueError as error:
        raise typer.BadParameter(f"{name}: {error}") from None


def warn_of_credentials(source: str, what: str, instead: str) -> None:
    """Warn of credentials in a source or URL that was written on the command line."""
    if redacted(source) != source:
        err.print(f"[yellow]{escape(what)} holds credentials: {VISIBLE}. {instead}[/yellow]")


SAFER_TOKEN = "Set STREAMLAB_TOKEN, or write --token file:PATH."
SAFER_SOURCE = "Write them into streamlab.toml, as [credentials.HOST] (docs/configuration.md)."
SAFER_URL = "Write env:NAME or file:PATH in place of the URL."
Token = Annotated[
    str | None,
    typer.Option(
        envvar="STREAMLAB_TOKEN",
        metavar="file:PATH",
        callback=_read_token,
        help="Token, if the server requires one: `file:PATH`, `env:NAME`, or the token itself, "
        "which other users can then read in the list of processes.",
        show_default=False,
    ),
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Cores that one inference may use.", show_default=False)
]


@contextmanager
def errors_shown(code: int = EXIT_ERROR) -> Iterator[None]:
    """Print streamlab and validation errors raised in the body, then exit.

    The exit code is 2 for ConfigurationError and invalid settings, else ``code``.
    """
    try:
        yield
    except StreamlabError as error:
        show_error(error)
        is_usage = isinstance(error, ConfigurationError)
        raise typer.Exit(EXIT_USAGE if is_usage else code) from None
    except ValidationError as error:
        for fault in error.errors():
            name = ".".join(map(str, fault["loc"]))
            err.print(f"[bold red]Error:[/bold red] setting {name}: {fault['msg']}")
        raise typer.Exit(EXIT_USAGE) from None


def print_any_text() -> None:
    """Print "?" for characters that the encoding of the output lacks.

    Redirected output on Windows is often cp1252.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def show_error(error: StreamlabError) -> None:
    """Print the error's message, and its hint if it has one."""
    err.print("[bold red]Error:[/bold red] ", end="")
    err.print(error.message, markup=False)
    if error.hint:
        err.print(error.hint, style="dim", markup=False)


def start_logging(*, verbose: bool = False) -> None:
    """Log to stderr: warnings, with ``verbose`` also info. FFmpeg logs fatal errors only."""
    import av.logging  # noqa: PLC0415

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(CredentialsFilter())
    av.logging.set_level(av.logging.FATAL)
