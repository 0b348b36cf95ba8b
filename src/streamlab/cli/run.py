"""Runs a server with the cameras of the command line."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from streamlab.cli.detectors import ModelOptions
from streamlab.cli.terminal import err, out
from streamlab.core.faults import Faults, find_preset
from streamlab.detect.detector import Detector
from streamlab.errors import (
    InvalidRequestError,
    SourceUnreachableError,
    StreamlabError,
    UnknownCameraError,
)
from streamlab.manager import StreamChannelManager
from streamlab.media.spec import SourceKind, SourcePolicy, SourceSpec
from streamlab.server.run import bind, serve
from streamlab.settings import Settings


@dataclass(frozen=True, slots=True)
class _Asked:
    """A camera that was asked for. Without a detector of its own it shares that of the others."""

    name: str
    spec: SourceSpec
    detector: Detector | None
    faults: Faults | None

    async def add_to(self, channels: StreamChannelManager) -> None:
        """Open it. Raises StreamlabError."""
        camera = await channels.add_camera(self.name, self.spec, detector=self.detector)
        if self.faults is not None:
            camera.inject(self.faults)


def run(
    cameras: Sequence[str],
    models: ModelOptions,
    host: str,
    port: int,
    *,
    schemes: Sequence[str] = (),
    folders: Sequence[Path] = (),
    faults: Sequence[str] = (),
    browser: bool = False,
) -> None:
    """Serve cameras (``NAME=SOURCE`` each) until a signal. Raises StreamlabError.

    ``faults`` are injected into them: ``NAME=PRESET`` each.
    """
    named = {name: SourceSpec.parse(source) for name, source in map(_name_and_source, cameras)}
    settings = Settings()
    policy = SourcePolicy.of(
        [*settings.allowed_schemes, *schemes], [*settings.allowed_folders, *folders], named.values()
    )
    injected = dict(_name_and_faults(text, named) for text in faults)
    own = models.load_own(named)
    shared = models.load_shared()
    listener = bind(host, port)
    asked = [_Asked(name, spec, own.get(name), injected.get(name)) for name, spec in named.items()]

    async def run_server() -> None:
        channels = StreamChannelManager(settings, shared, only_synthetic=models.only_synthetic)

        async def open_cameras() -> None:
            await _open_cameras(channels, asked)
            _tell_of_missing_models(asked, models)
            _greet(
                host,
                port,
                list(channels.cameras),
                browser=browser,
                asks_for_tokens=settings.asks_for_tokens,
            )

        await serve(channels, policy, listener, open_cameras)

    # uvicorn's choice of event loop: uvloop where it is installed.
    new_loop = uvicorn.Config(lambda: None, log_config=None).get_loop_factory()
    with (
        suppress(KeyboardInterrupt),  # before the server took over the signals
        asyncio.Runner(loop_factory=new_loop) as runner,
    ):
        runner.run(run_server())
    err.print("Stopped.")


async def _open_cameras(channels: StreamChannelManager, cameras: Sequence[_Asked]) -> None:
    """Open each camera. One that cannot be reached is tried again while the others run."""
    unreachable = []
    for camera in cameras:
        name, shown = camera.name, camera.spec.display
        try:
            with err.status(f"Opening {name}: {shown}"):
                await camera.add_to(channels)
        except SourceUnreachableError as error:
            if len(cameras) == 1:
                raise
            err.print(f"[yellow]{name}: {error.message}; trying again in the background[/yellow]")
            unreachable.append(camera)
        else:
            err.print(f"[green]✓[/green] {name}: {shown}")
    if len(unreachable) == len(cameras):
        raise SourceUnreachableError(
            "none of the cameras can be reached", hint="Check addresses and cables."
        )
    for camera in unreachable:
        task = asyncio.create_task(_keep_trying(channels, camera))
        _retries.add(task)
        task.add_done_callback(_retries.discard)


_retries: set[asyncio.Task[None]] = set()  # the loop holds tasks weakly


async def _keep_trying(channels: StreamChannelManager, camera: _Asked) -> None:
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(SourceUnreachableError),
        wait=wait_exponential_jitter(initial=2, max=30),
    )
    try:
        await attempts(camera.add_to, channels)
    except StreamlabError as error:
        err.print(f"[red]{camera.name}: {error.message}; given up[/red]")


def _name_and_source(text: str) -> tuple[str, str]:
    name, equals, source = text.partition("=")
    if not equals or not name or not source:
        raise InvalidRequestError(f"--camera {text}: not NAME=SOURCE", hint="Write door=door.mp4.")
    return name, source


def _name_and_faults(text: str, cameras: Collection[str]) -> tuple[str, Faults]:
    name, _, preset = text.partition("=")
    if name not in cameras:
        raise UnknownCameraError(
            f"--fault {text}: there is no camera '{name}'",
            hint=f"Write NAME=PRESET. Cameras: {', '.join(cameras)}.",
        )
    return name, find_preset(preset)


def _tell_of_missing_models(cameras: Sequence[_Asked], models: ModelOptions) -> None:
    without = [
        camera.name
        for camera in cameras
        if camera.detector is None and camera.spec.kind is not SourceKind.SYNTHETIC
    ]
    if models.only_synthetic and without:
        err.print(
            f"[yellow]No model for {', '.join(without)}: nothing is annotated there. "
            f"Name one with --model, or with --camera-model {without[0]}=MODEL.[/yellow]"
        )


def _greet(
    host: str, port: int, cameras: list[str], *, browser: bool, asks_for_tokens: bool
) -> None:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
    out.print(f"Watch {', '.join(cameras)} at [bold]{url}[/bold]  (Ctrl-C stops)")
    if asks_for_tokens:
        out.print("It asks for a token: put ?access_token=TOKEN behind the address.")
    elif shown != host:
        err.print("[yellow]Anybody who reaches this machine can watch: there is no login.[/yellow]")
    has_display = (
        sys.platform != "linux" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    )
    if browser and has_display:
        webbrowser.open(url)
