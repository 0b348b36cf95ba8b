"""The cameras that a command line names: ``NAME=SOURCE`` each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from streamlab.config.camera import CameraConfig
from streamlab.credentials import redacted
from streamlab.errors import ConfigurationError, InvalidRequestError
from streamlab.settings import is_camera_id


def parse_cameras(texts: Sequence[str]) -> list[CameraConfig]:
    """Return the cameras that are asked for.

    Raises ConfigurationError for names that come twice and for sources that cannot be, and
    InvalidRequestError for what is not ``NAME=SOURCE``.
    """
    cameras: dict[str, CameraConfig] = {}
    for name, source in map(_split, texts):
        if name in cameras:
            raise ConfigurationError(
                [f"--camera {name}: there are two cameras of that name"],
                hint="Give each camera a name of its own.",
            )
        cameras[name] = _camera(name, source)
    return list(cameras.values())


def _split(text: str) -> tuple[str, str]:
    """Split at the first ``=``: a source may have more of them, and a name has none."""
    name, equals, source = text.partition("=")
    if not equals or not source or not is_camera_id(name):
        raise InvalidRequestError(
            f"--camera {redacted(text)} is not NAME=SOURCE", hint="Example: door=door.mp4"
        )
    return name, source


def _camera(name: str, source: str) -> CameraConfig:
    try:
        return CameraConfig(name=name, source=source)
    except ValidationError as error:
        raise ConfigurationError(list(_mistakes(name, error))) from None


def _mistakes(name: str, error: ValidationError) -> Iterator[str]:
    for details in error.errors(include_input=False):
        yield f"--camera {name}: {details['msg'].removeprefix('Value error, ')}"
