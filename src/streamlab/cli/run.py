"""Runs a server with the cameras of the command line or of the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn
from rich.markup import escape

from streamlab.bus.choice import carrier_of, with_workers
from streamlab.camera import SourceChanged
from streamlab.cli.cameras import parse_cameras
from streamlab.cli.detectors import ModelOptions, load_all
from streamlab.cli.greeting import greet
from streamlab.cli.terminal import err
from streamlab.config.camera import CameraConfig
from streamlab.config.file import Configuration
from streamlab.config.store import CameraStore
from streamlab.core.channels import SourceState
from streamlab.dashboard.asgi import MOUNTS
from streamlab.detect.detector import Detector
from streamlab.detect.render import redacts
from streamlab.detect.renderers import DEFAULT_RENDERER, load_redacting, load_renderer
from streamlab.errors import (
    ConfigurationError,
    InvalidRequestError,
    ModelError,
    SourceError,
    SourceNotAllowedError,
    UnknownCameraError,
)
from streamlab.faults import Faults, find_preset
from streamlab.media.limits import SourceLimits
from streamlab.media.opening import open_within
from streamlab.media.spec import SourceKind, SourcePolicy, SourceSpec
from streamlab.server.prefix import parse_root_path
from streamlab.server.run import bind, serve
from streamlab.settings import SERVER_WORKERS, Settings
from streamlab.viewers import StreamChannelManager
from streamlab.viewers.camera import Camera
from streamlab.viewers.event_stream import EventStream
from streamlab.viewers.model_choices import ModelChoices

NO_CAMERA = "Name one with --camera NAME=SOURCE, or in streamlab.toml as [[cameras]]."


@dataclass(frozen=True, slots=True)
class _Asked:
    """A requested camera. If ``detector`` is None it uses the shared detector."""

    name: str
    spec: SourceSpec
    config: CameraConfig | None
    """None if the source is invalid: the camera is shown as failed."""
    detector: Detector | None = None
    faults: Faults | None = None
    limits: SourceLimits | None = None
    """What its source may reach, if it was added over HTTP."""
    is_stored: bool = False
    """Added while a server ran: its model may only be one that could be chosen there."""

    async def add_to(self, manager: StreamChannelManager, choices: ModelChoices) -> None:
        """Add the camera, which is opened in the background. Raises StreamlabError.

        A stored camera whose model can no longer be used is left out, with a warning.
        """
        if self.config is None:
            await manager.add_camera(self.name, self.spec, wait=False)
        elif not self.is_stored:
            await self._add(manager, self.config, self.detector)
        else:
            try:
                async with choices.use(self.config.model or "", self.spec) as detector:
                    await self._add(manager, self.config, detector)
            except ModelError as error:
                err.print(f"{self.name}: {error.message}; left out", style="yellow", markup=False)

    async def _add(
        self, manager: StreamChannelManager, config: CameraConfig, detector: Detector | None
    ) -> None:
        camera = await manager.add_configured(
            config, detector=detector, wait=False, limits=self.limits
        )
        followed = asyncio.get_running_loop().create_task(
            _report_first_picture(camera, camera.events())
        )
        _FOLLOWED.add(followed)
        followed.add_done_callback(_FOLLOWED.discard)
        if self.faults is not None:
            camera.inject(self.faults)


_FOLLOWED: set[asyncio.Task[None]] = set()  # an event loop keeps only weak references


async def _report_first_picture(camera: Camera, events: EventStream) -> None:
    """Print a line once the camera is live."""
    with closing(events):
        async for event in events:
            if isinstance(event, SourceChanged) and event.state is SourceState.LIVE:
                shown = escape(camera.spec.display)
                err.print(f"[green]✓[/green] {camera.camera_id}: {shown}")
                return


def run(
    cameras: Sequence[str],
    models: ModelOptions,
    host: str,
    port: int,
    *,
    configuration: Configuration | None = None,
    schemes: Sequence[str] = (),
    folders: Sequence[Path] = (),
    faults: Sequence[str] = (),
    renderer: str = DEFAULT_RENDERER,
    redact: str | None = None,
    browser: bool = False,
    root_path: str = "",
    workers: str | None = None,
) -> None:
    """Serve cameras until a stop signal arrives.

    Args:
        cameras: ``NAME=SOURCE`` each; if empty, the cameras of ``configuration`` are served.
        models: the detectors of the cameras.
        host: address to listen on.
        port: port to listen on.
        configuration: settings and cameras; without it, only the settings of
            ``streamlab.toml`` apply.
        schemes: further kinds of source that may be added over HTTP.
        folders: further folders whose files may be added over HTTP.
        faults: faults to inject, ``NAME=PRESET`` each.
        renderer: name of the renderer that draws on every camera.
        redact: name of one that redacts, in its place.
        browser: open the page in a browser, if the machine has a display.
        root_path: path below which a proxy offers the server.
        workers: how many processes run the cameras at most, or ``auto``; None: as the settings say.

    Raises:
        StreamlabError: the cameras, models or options are invalid, or the port is in use.
    """
    parse_root_path(root_path)  # fails early
    configuration = configuration or Configuration(Settings())
    settings = with_workers(configuration.settings, workers)
    renderer, redacting = _choose_renderer(renderer, redact)
    named_here, refused = parse_cameras(cameras)
    wanted = named_here or configuration.cameras
    enabled = [each.knowing(settings.credentials) for each in wanted if each.enabled]
    if not enabled and settings.state_folder is None:
        what = "no camera is enabled" if wanted else "no camera is named"
        raise ConfigurationError([what], hint=NO_CAMERA)
    named = {each.name: replace(each.spec, max_pixels=settings.max_pixels) for each in enabled}
    policy = SourcePolicy.of(
        [*settings.allowed_schemes, *schemes],
        [*settings.allowed_folders, *folders],
        named.values(),
        settings.allowed_networks,
    )
    injected = dict(_name_and_faults(text, named) for text in faults)
    store = _store(settings)
    stored = list(_stored(store, named, policy))
    if not stored:
        _refuse_if_hopeless(named, settings.open_timeout)
    recipes = models.with_cameras(enabled).own(named)
    listener = bind(host, port)

    async def run_server() -> None:
        carrier = carrier_of(settings, SERVER_WORKERS)
        try:
            shared, own = await load_all(carrier.load_detector, models.shared, recipes)
        except BaseException:
            listener.close()
            await carrier.close()
            raise
        asked = [
            _Asked(each.name, each.spec, each, own.get(each.name), injected.get(each.name))
            for each in enabled
        ]
        asked += stored
        asked += [_Asked(name, spec, None) for name, spec in refused.items()]
        manager = StreamChannelManager(
            settings,
            shared,
            only_synthetic=models.only_synthetic,
            store=store,
            renderer=renderer,
            carrier=carrier,
        )
        manager.services.options = models.options
        choices = ModelChoices(manager.services, policy.limits)

        async def open_cameras() -> None:
            for camera in asked:
                await camera.add_to(manager, choices)
            manager.mark_started()
            _tell_of_missing_models(asked, models)
            greet(
                host,
                port,
                list(manager.cameras),
                browser=browser,
                asks_for_tokens=settings.asks_for_tokens,
                redacting=redacting,
            )

        await serve(manager, policy, listener, open_cameras, MOUNTS, host, root_path)

    # uvicorn's choice of event loop: uvloop where it is installed.
    new_loop = uvicorn.Config(lambda: None, log_config=None).get_loop_factory()
    with (
        suppress(KeyboardInterrupt),  # Ctrl-C before the server handles signals
        asyncio.Runner(loop_factory=new_loop) as runner,
    ):
        runner.run(run_server())
    err.print("Stopped.")


def _choose_renderer(renderer: str, redact: str | None) -> tuple[str, bool]:
    """Return the name of the renderer and whether it redacts. Raises StreamlabError."""
    if redact is None:
        return renderer, redacts(load_renderer(renderer))  # fails early for an unknown renderer
    if renderer not in (DEFAULT_RENDERER, redact):
        raise InvalidRequestError(
            f"--renderer {renderer} and --redact {redact} exclude each other", hint="Name one."
        )
    load_redacting(redact)
    return redact, True


def _refuse_if_hopeless(named: Mapping[str, SourceSpec], timeout_s: float) -> None:
    """Raise ConfigurationError if all cameras are files and none of them can be opened."""
    mistakes: list[str] = []
    for name, spec in named.items():
        if spec.kind is not SourceKind.FILE:
            return
        try:
            with err.status(f"Opening {name}: {escape(spec.display)}"):
                open_within(spec, timeout_s).close()
        except SourceError as error:
            mistakes.append(f"camera {name}: {error.message}. {error.hint}".strip())
        else:
            return
    if mistakes:
        raise ConfigurationError(mistakes)


def _store(settings: Settings) -> CameraStore | None:
    if settings.state_folder is None:
        return None
    return CameraStore(settings.state_folder, max_cameras=settings.max_cameras)


def _stored(
    store: CameraStore | None, named: Collection[str], policy: SourcePolicy
) -> Iterator[_Asked]:
    """Yield the stored cameras that are enabled, allowed by ``policy``, and not in ``named``."""
    for name, camera in store.load().items() if store is not None else ():
        try:
            policy.check(camera.spec)
        except SourceNotAllowedError as error:
            err.print(f"{name}: {error.message}; left out", style="yellow", markup=False)
            continue
        if name in named:
            said = f"{name}: the camera added over HTTP gives way to the configured one"
            err.print(said, style="yellow", markup=False)
        elif camera.enabled:
            limits = policy.limits_of(camera.spec)
            yield _Asked(camera.name, camera.spec, camera, limits=limits, is_stored=True)


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
            f"[yellow]No model for {', '.join(without)}: they are not annotated. "
            f"Name one with --model, or with --camera-model {without[0]}=MODEL.[/yellow]"
        )
