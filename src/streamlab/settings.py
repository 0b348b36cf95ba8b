"""Settings: environment variables ``STREAMLAB_*``, or ``streamlab.toml`` in the working directory.

Cameras in the same file are read by ``streamlab.config``.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, IPvAnyNetwork
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from streamlab.core.sync.policy import SyncPolicy
from streamlab.errors import ConfigurationError
from streamlab.plugins import source_kinds
from streamlab.secret import Credentials
from streamlab.tokens import AdminTokens, Tokens, split

# These can also be set for a single camera while it runs.
ToleranceMs = Annotated[float, Field(gt=0, le=10_000)]
PlayoutDelayMs = Annotated[float, Field(ge=0, le=10_000)]
StaleFraction = Annotated[float, Field(ge=0, le=1)]

DEFAULT_FILE = Path("streamlab.toml")
CAMERAS = "cameras"
_CAMERA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_RESERVED_IDS = ("mux", "dual-channel", "sse")  # they have a meaning in URL paths
_ORIGIN = re.compile(r"\*|https?://[^/?#\s]+")
_NAME = r"(\*\.)?[\w-]+(\.[\w-]+)*\.?"
_HOST = re.compile(rf"\*|{_NAME}|\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?", re.ASCII)
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[\w.~-]+)(:\d{1,5})?")


def is_camera_id(text: str) -> bool:
    """Return True if a camera may have this id, which is put into URL paths unencoded."""
    return _CAMERA_ID.fullmatch(text) is not None and text not in _RESERVED_IDS


def _check_camera_id(text: str) -> str:
    if not is_camera_id(text):
        raise ValueError("use letters, digits, '-', '_' and '.', starting with a letter or digit")
    return text


def _check_origin(origin: str) -> str:
    if not _ORIGIN.fullmatch(origin):
        raise ValueError("an origin must look like https://example.org, or be * for any")
    return origin


def _check_host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ValueError("a host must be a name or an address without port, or * for any")
    return host


def _check_host_and_port(text: str) -> str:
    if not _HOST_AND_PORT.fullmatch(text):
        raise ValueError("a host must be a name or an address, with or without port")
    return text.lower()


def _check_source_kind(kind: str) -> str:
    if kind not in source_kinds():
        raise ValueError(f"there is no kind of source '{kind}'; kinds: {', '.join(source_kinds())}")
    return kind


CameraId = Annotated[str, Field(max_length=64), AfterValidator(_check_camera_id)]
Origins = Annotated[
    list[Annotated[str, AfterValidator(_check_origin)]], NoDecode, BeforeValidator(split)
]
Networks = Annotated[list[IPvAnyNetwork], NoDecode, BeforeValidator(split)]
Hosts = Annotated[
    list[Annotated[str, AfterValidator(_check_host)]], NoDecode, BeforeValidator(split)
]
Workers = Literal["auto"] | Annotated[int, Field(ge=0, le=256)]
# Workers have been tried on Linux only; a lab's cells disturb the picture little without them.
SERVER_WORKERS: Workers = "auto" if hasattr(os, "memfd_create") else 0
LAB_WORKERS: Workers = 0
HostAndPort = Annotated[str, AfterValidator(_check_host_and_port)]


class Settings(BaseSettings):
    """All settings; names and defaults are those of ``docs/protocol.md``."""

    model_config = SettingsConfigDict(
        env_prefix="STREAMLAB_",
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
    max_redaction_age_ms: float = Field(  # boxes are carried forward for a second at most
        default=200.0, ge=0, le=1000, description="age of boxes that a renderer may redact by"
    )
    max_detection_fps: float = Field(
        default=0.0, ge=0, description="frames a second of each camera; 0: all it has time for"
    )
    detector_timeout: float = Field(
        default=5.0, gt=0, description="s without an answer: the detector hangs, and is failing"
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
    open_timeout: float = Field(
        default=10.0, ge=0.5, le=600, description="s until a source must have given a picture"
    )
    max_connections: int = Field(default=1000, ge=1)
    max_connections_per_client: int = Field(
        default=0, ge=0, description="0: half of all, and no limit for clients of this machine"
    )
    workers: Workers | None = Field(
        default=None, description="processes that run the cameras: `auto`: one per core; 0: none"
    )
    """None: ``SERVER_WORKERS`` or ``LAB_WORKERS``."""
    max_cameras: int = Field(default=64, ge=1)
    max_cameras_per_minute: int = Field(
        default=60, ge=1, description="added over HTTP or in the dashboard"
    )
    max_body_bytes: int = Field(default=1_000_000, ge=1, description="of a request")
    allow_fault_injection: bool = Field(
        default=True, description="over HTTP; a fault harms nothing but its camera"
    )
    allowed_schemes: list[Annotated[str, AfterValidator(_check_source_kind)]] = ["synthetic"]
    allowed_folders: list[Path] = []
    allowed_networks: Networks = Field(
        default=[], description="local ones that sources added over HTTP may name"
    )
    max_pixels: int = Field(
        default=4096 * 2304, ge=1024, le=1 << 28, description="larger pictures are refused, px"
    )
    allowed_hosts: Hosts = Field(
        default=[], description="further names of this server in URLs, as a proxy passes them on"
    )
    allowed_origins: Origins = Field(
        default=[], description="of pages elsewhere that may use the API (CORS)"
    )
    tokens: Tokens = Field(default=[], description="that may watch; none: everybody may")
    admin_tokens: AdminTokens = Field(
        default=[],
        description="that may also change cameras; none: all tokens without limits may",
    )
    unredacted_tokens: Tokens = Field(
        default=[],
        description="that may also see channels without redaction of a camera that redacts",
    )

    credentials: dict[HostAndPort, Credentials] = Field(
        default={}, description="by host: of sources that the operator names without credentials"
    )
    state_folder: Path | None = Field(
        default=None, description="where cameras added over HTTP are kept; none: nowhere"
    )

    @property
    def asks_for_tokens(self) -> bool:
        """True if nothing is served without a token."""
        return bool(self.tokens or self.admin_tokens or self.unredacted_tokens)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let arguments override the environment, and the environment ``streamlab.toml``."""
        table = InitSettingsSource(settings_cls, cls.table())
        return init_settings, env_settings, table

    @classmethod
    def table(cls) -> dict[str, Any]:
        """Return the settings in ``streamlab.toml``. Raises ConfigurationError if not TOML."""
        if not DEFAULT_FILE.is_file():
            return {}
        try:
            return without_cameras(tomllib.loads(DEFAULT_FILE.read_text("utf-8")))
        except (
            ValueError,
            RecursionError,
        ) as error:  # not TOML, not UTF-8, or beyond Python's limits
            raise ConfigurationError([f"{DEFAULT_FILE}: {error}"]) from None


def without_cameras(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration table without its cameras."""
    return {name: value for name, value in table.items() if name != CAMERAS}


def settings_of(table: Mapping[str, Any]) -> Settings:
    """Return settings from a table, overridden by the environment. Raises ValidationError."""

    class OfTable(Settings):
        @classmethod
        def table(cls) -> dict[str, Any]:
            return without_cameras(table)

    return OfTable()
