"""Parses the cameras of a command line, ``NAME=SOURCE`` each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from streamlab.cli.terminal import SAFER_SOURCE, warn_of_credentials
from streamlab.config.camera import CameraConfig
from streamlab.credentials import redacted
from streamlab.errors import ConfigurationError, InvalidRequestError
from streamlab.media.spec import SourceSpec
from streamlab.settings import is_camera_id


def parse_cameras(texts: Sequence[str]) -> tuple[list[CameraConfig], dict[str, SourceSpec]]:
    """Parse cameras, keeping those whose source is invalid apart.

    Args:
        texts: ``NAME=SOURCE`` each.

    Returns:
        The valid cameras, and the refused sources by camera name.

    Raises:
        ConfigurationError: a name occurs twice, or all sources are invalid.
        InvalidRequestError: a text is not ``NAME=SOURCE``.
    """
    cameras: dict[str, CameraConfig] = {}
    refused: dict[str, SourceSpec] = {}
    for name, source in map(_split, texts):
        if name in cameras or name in refused:
            raise ConfigurationError(
                [f"--camera {name}: there are two cameras of that name"],
                hint="Give each camera a name of its own.",
            )
        try:
            cameras[name] = CameraConfig(name=name, source=source)
            warn_of_credentials(source, f"--camera {name}", SAFER_SOURCE)
        except ValidationError as error:
            refused[name] = SourceSpec.refused(source, "; ".join(_mistakes(error)))
    if refused and not cameras:
        raise ConfigurationError(
            [f"--camera {name}: {spec.objection}" for name, spec in refused.items()]
        )
    return list(cameras.values()), refused


def _split(text: str) -> tuple[str, str]:
    """Split at the first ``=``: a source may contain more of them, a name contains none."""
    name, equals, source = text.partition("=")
    if not equals or not source or not is_camera_id(name):
        raise InvalidRequestError(
            f"--camera {redacted(text)} is not NAME=SOURCE", hint="Example: door=door.mp4"
        )
    return name, source


def _mistakes(error: ValidationError) -> Iterator[str]:
    for details in error.errors(include_input=False):
        yield details["msg"].removeprefix("Value error, ")
