"""``streamlab watch``."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from streamlab.cli.terminal import errors_shown, start_logging
from streamlab.core.channels import QualityLevel, View
from streamlab.errors import StreamlabError


class Payload(StrEnum):
    """How the bytes of a fragment come."""

    INLINE = "inline"
    URL = "url"


def watch(
    url: Annotated[str, typer.Argument(help="The server, as `streamlab demo` prints it.")],
    camera: Annotated[
        str | None,
        typer.Argument(help="A camera id; all cameras without it.", show_default=False),
    ] = None,
    channels: Annotated[View, typer.Option(help="What to watch.")] = View.BOTH,
    quality: Annotated[
        QualityLevel, typer.Option(help="Of both channels; `source` is of raw only.")
    ] = QualityLevel.MEDIUM,
    payload: Annotated[
        Payload, typer.Option(help="`url` fetches each fragment by a request of its own.")
    ] = Payload.INLINE,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Record what is watched to MP4 files there.", show_default=False
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
        float | None, typer.Option(min=0.0, help="Stop after so long.", show_default=False)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON line per second and camera.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="STREAMLAB_TOKEN", help="If the server asks for one.", show_default=False
        ),
    ] = None,
) -> None:
    """Watch a server's cameras from a terminal: rate, gaps, latency and drift as delivered.

    Latency is from capture to arrival, by the clocks of both machines; drift is annotated minus
    raw, of the same captured frame. Recordings hold what was delivered, bit by bit; both
    channels count time from the same frame.

    Examples:

        streamlab watch http://127.0.0.1:8000
        streamlab watch http://127.0.0.1:8000 street --channels annotated
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
                f"watch needs {error.name}", hint="pip install 'streamlab-vision[client]'"
            ) from error
        named = {"raw": record_raw, "annotated": record_annotated}
        options = WatchOptions(
            url=url,
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
