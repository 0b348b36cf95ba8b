"""Configuration of one camera, validated without contacting its source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from streamlab.config.source_credentials import with_credentials, with_known
from streamlab.detect.filter import DetectionOptions
from streamlab.errors import InvalidRequestError, SourceError
from streamlab.media.spec import (
    MAX_SOURCE_CHARS,
    RtspTransport,
    SourceKind,
    SourceSpec,
)
from streamlab.secret import Credentials, ParameterName, Secret
from streamlab.settings import CameraId

MAX_CLASSES = 1000
_HAS_LOADER = re.compile("[a-z][a-z0-9_-]+:")
ClassName = Annotated[str, Field(min_length=1, max_length=100)]


class CameraOptions(BaseModel):
    """Options of one camera; those not given default to the settings."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False
    )

    classes: tuple[ClassName, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_CLASSES,
        fail_fast=True,
        description="names kept; None: all",
    )
    confidence: float | None = Field(
        default=None, ge=0, le=1, description="detections below it are dropped"
    )
    max_detection_fps: float | None = Field(
        default=None, ge=0, le=1000, description="0: all that the detector has time for"
    )
    rtsp_transport: RtspTransport = "auto"
    quality: Literal["low", "medium", "high"] = Field(
        default="medium", description="for viewers that ask for none"
    )
    max_height: int | None = Field(
        default=None, ge=120, le=4320, description="px; larger pictures are scaled down"
    )
    fps: float | None = Field(
        default=None, gt=0, le=30, description="how often a snapshot camera is asked, 1/s"
    )


class CameraConfig(CameraOptions):
    """A camera's name, source and options. Its repr and its errors contain no credentials."""

    name: CameraId
    source: Annotated[str, Field(max_length=MAX_SOURCE_CHARS, repr=False)]
    username: Secret | None = None
    password: Secret | None = None
    query: dict[ParameterName, Secret] = Field(default={}, max_length=32)
    model: Annotated[str, Field(min_length=1, max_length=MAX_SOURCE_CHARS)] | None = None
    enabled: bool = True

    @classmethod
    def of(cls, name: str, source: str, **options: Any) -> CameraConfig:
        """Validate a camera from a request. Raises InvalidRequestError for the first mistake."""
        try:
            return cls(name=name, source=source, **options)
        except ValidationError as error:
            wrong = error.errors(include_input=False)[0]
            what = wrong["msg"].removeprefix("Value error, ")
            where = f"{wrong['loc'][0]}: " if wrong["loc"] else ""
            raise InvalidRequestError(f"{where}{what}") from None

    @field_validator("source")
    @classmethod
    def _check_source(cls, text: str, info: ValidationInfo) -> str:
        """Resolve a relative path against the folder of the configuration file."""
        folder = _folder(info)
        spec = _parse(text, folder)
        is_path = spec.kind is SourceKind.FILE and not text.lower().startswith("file:")
        return str(folder / text) if is_path and folder is not None else text

    @field_validator("model")
    @classmethod
    def _find_model(cls, model: str | None, info: ValidationInfo) -> str | None:
        """Resolve a file without a ``name:`` prefix against the configuration file's folder."""
        folder = _folder(info)
        path, hash_, options = (model or "").partition("#")
        if folder is not None and path and (folder / path).is_file():
            return f"{folder / path}{hash_}{options}"
        if folder is not None and path.endswith(".onnx") and not _HAS_LOADER.match(path):
            raise ValueError(f"there is no file '{folder / path}'")
        return model

    @model_validator(mode="after")
    def _check(self) -> Self:
        spec = self.spec
        if self.model == "truth" and spec.kind is not SourceKind.SYNTHETIC:
            raise ValueError("only synthetic cameras have a ground truth: choose another model")
        return self

    @property
    def detections(self) -> DetectionOptions:
        """Which detections the camera wants, and how often."""
        return DetectionOptions(
            classes=None if self.classes is None else frozenset(self.classes),
            confidence=self.confidence or 0.0,
            max_fps=self.max_detection_fps,
        )

    @cached_property
    def spec(self) -> SourceSpec:
        """The source, with its credentials and options."""
        spec = _parse(self.source, None)
        spec = with_credentials(spec, self._credentials)
        return replace(
            spec,
            rtsp_transport=self.rtsp_transport,
            max_height=self.max_height,
            snapshot_fps=spec.snapshot_fps if self.fps is None else _exact(self.fps),
        )

    @property
    def _credentials(self) -> Credentials:
        return Credentials.model_construct(
            username=self.username, password=self.password, query=self.query
        )

    def knowing(self, known: Mapping[str, Credentials]) -> CameraConfig:
        """Return the camera with the credentials known of its host, if it has none of its own."""
        copied = self.model_copy()
        copied.__dict__["spec"] = with_known(self.spec, known)  # it is a cached property
        return copied


def _parse(text: str, folder: Path | None) -> SourceSpec:
    try:
        return SourceSpec.parse(text, folder=folder)
    except SourceError as error:
        raise ValueError(f"{error}. {error.hint}".strip()) from None


def _folder(info: ValidationInfo) -> Path | None:
    return info.context.get("folder") if info.context else None


def _exact(fps: float) -> Fraction:
    """Return the rate as it was written: 0.1 becomes 1/10."""
    return Fraction(fps).limit_denominator(10_000)
