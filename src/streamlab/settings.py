"""Settings: environment variables ``STREAMLAB_*``, or ``streamlab.toml`` in the working folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from streamlab.core.playout import SyncPolicy

# What may also be set for one camera while it runs.
ToleranceMs = Annotated[float, Field(gt=0, le=10_000)]
PlayoutDelayMs = Annotated[float, Field(ge=0, le=10_000)]
StaleFraction = Annotated[float, Field(ge=0, le=1)]

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{8,}=*")  # RFC 6750, 2.1; goes into a cookie as it is
_ORIGIN = re.compile(r"\*|https?://[^/?#\s]+")


def _split(value: object) -> object:
    """Read a list that is written ``a,b`` or, as any list of the settings, as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def _check_token(token: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("a token must be at least 8 characters from A-Z a-z 0-9 . _ ~ + / -")
    return token


def _check_origin(origin: str) -> str:
    if not _ORIGIN.fullmatch(origin):
        raise ValueError("an origin must look like https://example.org, or be * for any")
    return origin


Tokens = Annotated[
    list[Annotated[SecretStr, AfterValidator(_check_token)]], NoDecode, BeforeValidator(_split)
]
Origins = Annotated[
    list[Annotated[str, AfterValidator(_check_origin)]], NoDecode, BeforeValidator(_split)
]


class Settings(BaseSettings):
    """What can be set. Names and defaults are those of the wire protocol's page."""

    model_config = SettingsConfigDict(
        env_prefix="STREAMLAB_",
        toml_file="streamlab.toml",
        extra="forbid",
        hide_input_in_errors=True,  # it may be a token
    )

    sync_tolerance_ms: ToleranceMs = 50.0
    sync_check_interval: float = Field(default=1.0, gt=0, description="s")
    max_sync_violations: int = Field(default=10, ge=1, description="in a row, before `degraded`")
    enable_dual_channel: bool = True
    channel_switch_timeout: float = Field(default=0.1, gt=0, description="s")
    sync_policy: SyncPolicy = SyncPolicy.HYBRID
    max_playout_delay_ms: PlayoutDelayMs = 250.0
    max_stale_fraction: StaleFraction = 0.2
    max_detection_fps: float = Field(
        default=0.0, ge=0, description="frames a second of each camera; 0: all it has time for"
    )
    fragment_ms: float = Field(default=0.0, ge=0, description="0: one frame per fragment")
    gop_s: float = Field(default=1.0, gt=0)
    heartbeat_interval: float = Field(default=15.0, gt=0, description="s")
    client_queue_fragments: int = Field(default=64, ge=1)
    slow_client_timeout: float = Field(default=10.0, gt=0, description="s")
    encoder_linger: float = Field(default=5.0, ge=0, description="s after the last viewer left")
    stall_after: float = Field(
        default=2.0, gt=0, description="s without a frame: the source is stalled"
    )
    max_connections: int = Field(default=1000, ge=1)
    max_cameras: int = Field(default=64, ge=1)
    allow_fault_injection: bool = Field(
        default=True, description="over HTTP; a fault harms nothing but its camera"
    )
    allowed_schemes: list[Literal["synthetic", "file", "rtsp", "http", "webcam"]] = ["synthetic"]
    allowed_folders: list[Path] = []
    allowed_origins: Origins = Field(
        default=[], description="of pages elsewhere that may use the API (CORS)"
    )
    tokens: Tokens = Field(default=[], description="that may watch; none: everybody may")
    admin_tokens: Tokens = Field(
        default=[], description="that may also change cameras; none: all tokens may"
    )

    @property
    def asks_for_tokens(self) -> bool:
        """Whether nothing is served without a token."""
        return bool(self.tokens or self.admin_tokens)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over ``streamlab.toml``."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
