"""Cameras of a dashboard that is not mounted in a server: one lab, shared by all sessions."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from streamlab.dashboard.cameras import Cameras
from streamlab.errors import InvalidRequestError
from streamlab.lab.lab import Lab
from streamlab.media.spec import SourceKind, SourcePolicy, SourceSpec

DEMO = "synthetic://traffic"
_PER_CAMERA = ("truth", "none")
ABOUT = "The dashboard of streamlab on cameras of its own."
EXAMPLES = """Examples:

  panel serve apps/dashboard.py
  panel serve apps/dashboard.py --args door=door.mp4 --model yolov8n.onnx
  panel serve apps/dashboard.py --args a=a.mp4 b=b.mp4 --camera-model b=m.onnx
  panel serve apps/dashboard.py --args --allow-scheme rtsp --allow-folder videos
"""


class StandaloneCameras:
    """Runs a lab and its server for a standalone dashboard.

    Args:
        arguments: what ``parser`` takes; without cameras, ``DEMO``.
        page_origin: the origin of the dashboard's pages, which may read the video.

    Raises:
        InvalidRequestError: an argument is not known, or a value is invalid.
        SourceError: a source cannot be used (also its subclasses).
        ModelError: a model cannot be used (also its subclasses).
    """

    def __init__(self, arguments: Sequence[str], page_origin: str) -> None:
        options = parser().parse_intermixed_args(arguments)
        named = [_name_and_value(text) for text in options.cameras or [DEMO]]
        models = dict(_name_and_model(text) for text in options.camera_model)
        _refuse_unknown(models, [name for name, _ in named if name])
        shared = None if options.model in _PER_CAMERA else options.model
        self.lab = Lab(name="dashboard", detector=shared, allowed_origins=_origins(page_origin))
        try:
            for name, source in named:
                model = models.get(name or "") or _own_model(options.model, source)
                self.lab.add(source, name, detector=model)
            self.base_url = self.lab.serve().rstrip("/")
            self.cameras = self._cameras(options, [source for _, source in named])
        except BaseException:
            self.lab.close()
            raise

    def _cameras(self, options: argparse.Namespace, sources: Sequence[str]) -> Cameras:
        runtime = self.lab._runtime
        settings = runtime.manager.settings
        policy = SourcePolicy.of(
            [*settings.allowed_schemes, *options.allow_scheme],
            [*settings.allowed_folders, *options.allow_folder],
            map(SourceSpec.parse, sources),
            settings.allowed_networks,
        )
        loop = runtime.ask(asyncio.get_running_loop)
        return Cameras(runtime.manager, runtime.subscriptions, loop, policy)


class _Parser(argparse.ArgumentParser):
    """Raises InvalidRequestError, where others end the process."""

    def error(self, message: str) -> NoReturn:
        raise InvalidRequestError(message, hint=self.format_usage().strip())


def parser() -> argparse.ArgumentParser:
    """Return the parser of a standalone dashboard's arguments."""
    made = _Parser(
        prog="panel serve apps/dashboard.py --args",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    made.add_argument(
        "cameras", nargs="*", metavar="NAME=SOURCE",
        help="a camera: a file, rtsp://host/path, webcam://0 ...; NAME= may be left out. "
        f"Without any: {DEMO}",
    )  # fmt: skip
    made.add_argument(
        "--model", metavar="MODEL",
        help="the model of all cameras: street, a file such as yolo.onnx, truth or none. Without "
        "it, synthetic cameras use the shipped model, and others are not annotated",
    )  # fmt: skip
    made.add_argument(
        "--camera-model", metavar="NAME=MODEL", action="append", default=[],
        help="a model for this camera only; repeat for more",
    )  # fmt: skip
    made.add_argument(
        "--allow-scheme", metavar="KIND", action="append", default=[],
        help="a kind of source that may be added on the page: rtsp, http, udp, webcam",
    )  # fmt: skip
    made.add_argument(
        "--allow-folder", metavar="DIR", action="append", default=[], type=Path,
        help="a folder whose videos and .onnx models may be used on the page",
    )  # fmt: skip
    made.add_argument("--help", action="store_true", help="show this help")
    return made


def _name_and_value(text: str) -> tuple[str | None, str]:
    name, equals, value = text.partition("=")
    named = equals and name.replace("-", "").replace("_", "").isalnum()
    return (name, value) if named else (None, text)


def _name_and_model(text: str) -> tuple[str, str]:
    name, model = _name_and_value(text)
    if name is None or not model:
        raise InvalidRequestError(
            f"--camera-model {text} is not NAME=MODEL", hint="Example: door=yolo.onnx"
        )
    return name, model


def _own_model(model: str | None, source: str) -> str | None:
    """Return the model that each camera gets for itself if ``model`` is for all; else None."""
    if model == "truth" and SourceSpec.parse(source).kind is not SourceKind.SYNTHETIC:
        return "none"
    return model if model in _PER_CAMERA else None


def _refuse_unknown(models: dict[str, str], cameras: Sequence[str]) -> None:
    for name, model in models.items():
        if name not in cameras:
            raise InvalidRequestError(
                f"--camera-model {name}={model}: there is no camera '{name}'",
                hint=f"Cameras: {', '.join(cameras)}.",
            )


def _origins(page_origin: str) -> list[str]:
    """Return the origin, and the same one under the machine's other loopback name."""
    parts = urlsplit(page_origin)
    names = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}
    other = names.get(parts.hostname or "")
    port = f":{parts.port}" if parts.port else ""
    return [page_origin, *([f"{parts.scheme}://{other}{port}"] if other else [])]
