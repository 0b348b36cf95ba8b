"""``streamlab watch``."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from streamlab.cli.terminal import (
    SAFER_URL,
    Token,
    errors_shown,
    read_option,
    start_logging,
    warn_of_credentials,
)
from streamlab.core.channels import QualityLevel, View
from streamlab.errors import StreamlabError


class Payload(StrEnum):
    """How the bytes of a fragment are delivered."""

    INLINE = "inline"
    URL = "url"


def watch(
    url: Annotated[
        str,
        typer.Argument(
            help="URL of the server, as printed by `streamlab demo`; `env:NAME` or `file:PATH` if "
            "it holds a password."
        ),
    ],
    camera: Annotated[
        str | None,
        typer.Argument(help="A camera id. Default: all cameras.", show_default=False),
    ] = None,
    channels: Annotated[
        View,
        typer.Option(
            parser=View, metavar="VIEW", help="raw, annotated, both, or names joined by commas."
        ),
    ] = View.BOTH,
    quality: Annotated[
        QualityLevel, typer.Option(help="Quality of both channels; `source` applies to raw only.")
    ] = QualityLevel.MEDIUM,
    payload: Annotated[
        Payload, typer.Option(help="`url` fetches each fragment with a separate request.")
    ] = Payload.INLINE,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Record the watched channels to MP4 files in this folder.",
            show_default=False,
        ),
    ] = None,
    record_raw: Annotated[
        Path | None,
        typer.Option(metavar="FILE.mp4", help="Record the raw channel.", show_default=False),
    ] = None,
    record_annotated: Annotated[
        Path | None,
        typer.Option(metavar="FILE.mp4", help="Record the annotated channel.", show_default=False),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.0, help="Stop after this many seconds.", show_default=False),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON line per second and camera."),
    ] = False,
    token: Token = None,
) -> None:
    """Watch a server's cameras in the terminal: rate, gaps, latency and drift as delivered.

    Latency is measured from capture to arrival, by the clocks of both machines. Drift is annotated
    minus raw, for the same captured frame. Recordings contain the delivered bytes unchanged, and
    both channels start at the same frame.

    Examples:

        streamlab watch http://127.0.0.1:8000
        streamlab watch http://127.0.0.1:8000 street --channels annotated
        streamlab watch https://cams.example.org --token file:/run/secrets/token
        streamlab watch http://127.0.0.1:8000 street --record clips --seconds 60
        streamlab watch http://127.0.0.1:8000 street --json | jq .drift_ms
    """
    start_logging()
    with errors_shown():
        try:
            from streamlab.cli.watching import WatchOptions  # noqa: PLC0415
            from streamlab.cli.watching import watch as run  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise StreamlabError(
                f"`streamlab watch` needs {error.name}",
                hint="pip install 'streamlab-vision[client]'",
            ) from error
        warn_of_credentials(url, "The URL", SAFER_URL)
        named = {"raw": record_raw, "annotated": record_annotated}
        options = WatchOptions(
            url=read_option(url, "URL"),
            token=token,
            camera=camera,
            channels=channels,
            quality=quality,
            payload=payload.value,
            folder=record,
            files={channel: path for channel, path in named.items() if path is not None},
            seconds=seconds,
            as_json=as_json,
        )
        asyncio.run(run(options))
