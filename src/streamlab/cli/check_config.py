"""``streamlab check-config``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from streamlab.cli.terminal import errors_shown, out

if TYPE_CHECKING:
    from streamlab.config.camera import CameraConfig

_SHOWN_ELSEWHERE = {"name", "source", "model", "enabled", "username", "password", "query"}


def check_config(
    file: Annotated[
        Path | None,
        typer.Argument(help="The file; without it `streamlab.toml`.", show_default=False),
    ] = None,
) -> None:
    """Check a configuration: print its cameras, or all mistakes with their line numbers.

    The exit code is 2 if there are mistakes. Sources are not opened, and models are not loaded.

    Example:

        streamlab check-config /etc/streamlab.toml
    """
    from streamlab.config.file import read_configuration  # noqa: PLC0415
    from streamlab.settings import DEFAULT_FILE  # noqa: PLC0415

    with errors_shown():
        cameras = read_configuration(file or DEFAULT_FILE).cameras
    out.print(_table(cameras) if cameras else "No cameras; the settings are valid.")


def _table(cameras: tuple[CameraConfig, ...]) -> Table:
    table = Table("camera", "source", "model", "options", box=None, padding=(0, 2, 0, 0))
    for camera in cameras:
        chosen = camera.model_dump(exclude=_SHOWN_ELSEWHERE, exclude_defaults=True)
        options = [f"{name} {_shown(value)}" for name, value in chosen.items()]
        options += [] if camera.enabled else ["not enabled"]
        row = (camera.name, camera.spec.display, camera.model or "", ", ".join(options))
        table.add_row(*map(escape, row), style=None if camera.enabled else "dim")
    return table


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
