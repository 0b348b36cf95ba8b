"""The health of a camera, and what is wrong with it in words (docs/protocol.md, *Health*).

Every surface shows these words: the pages form the same ones in ``web/kit/words.js``. Times
ending in ``_at`` are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from streamlab.core.channels import SyncState

CLOSED = "closed"
"""State of a camera that was removed."""


def to_plain(value: object) -> Any:
    """Convert a status, or a part of one, to dicts, lists, strings and numbers."""
    return msgspec.to_builtins(value)


@dataclass(frozen=True, slots=True)
class EncoderStatus:
    """State of the encoder of a channel: ``ok`` or ``failing``."""

    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DetectorStatus:
    """State of the detector of a channel: ``ok``, ``slow``, ``failing`` or ``none``."""

    name: str
    kind: str
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RendererStatus:
    """State of the renderer of a channel, and whether it is marked as redacting."""

    name: str
    state: str
    detail: str = ""
    redacts: bool = False


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """Drift of an annotated channel from raw, and whether enough of its frames are fresh."""

    state: str
    drift_ms: float | None
    fresh_fraction: float | None
    freshness: str
    """``met`` or ``not_met``."""
    freshness_detail: str = ""


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """Health of a channel; the parts that a raw channel lacks are None."""

    name: str
    kind: str
    encoder: EncoderStatus
    detector: DetectorStatus | None = None
    renderer: RendererStatus | None = None
    sync: SyncStatus | None = None

    def members(self) -> dict[str, object]:
        """Return the members of its JSON object, without those that are None.

        A renderer has ``redacts`` only if it is true.
        """
        parts = {name: getattr(self, name) for name in self.__slots__}
        members = {name: to_plain(each) for name, each in parts.items() if each is not None}
        if self.renderer is not None and not self.renderer.redacts:
            del members["renderer"]["redacts"]
        return members

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong, a sentence for each part: detector, renderer, encoder, sync, freshness."""
        return dict(self._problems())

    @property
    def failing(self) -> frozenset[str]:
        """The parts that do not work at all."""
        parts = {name: getattr(self, name) for name in ("detector", "renderer", "encoder")}
        return frozenset(name for name, each in parts.items() if each and each.state == "failing")

    def _problems(self) -> Iterator[tuple[str, str]]:
        if self.detector is not None and self.detector.state in ("slow", "failing"):
            yield "detector", _words(f"Detector {self.detector.name}", self.detector)
        if self.renderer is not None and self.renderer.state == "failing":
            yield "renderer", _words(f"Renderer {self.renderer.name}", self.renderer)
        if self.encoder.state == "failing":
            yield "encoder", _words(f"The encoder of channel {self.name}", self.encoder)
        if self.sync is not None and self.sync.state == SyncState.DEGRADED:
            yield "sync", f"Channel {self.name} is not synchronised with raw."
        if self.sync is not None and self.sync.freshness_detail and "detector" not in self.failing:
            why = self.sync.freshness_detail
            yield "freshness", f"Too few boxes of channel {self.name} are fresh. {why}"


@dataclass(frozen=True, slots=True, repr=False)
class CameraHealth:
    """Health of a camera. Its ``repr`` says what is wrong."""

    state: str
    """State of the source, or ``closed``."""
    detail: str = ""
    retry_at: float | None = None
    """When the source is tried again; None if that is not due."""
    channels: tuple[ChannelHealth, ...] = ()

    @property
    def source_problem(self) -> str:
        """What is wrong with the source; empty while it is live."""
        if self.state in ("live", CLOSED):
            return ""
        verb = "has" if self.state in ("ended", "failed") else "is"
        words = _sentence(f"The source {verb} {self.state}", self.detail)
        if self.retry_at is None:
            return words
        return f"{words} Next attempt at {_time_of_day(self.retry_at)} UTC."

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, a sentence each, the source first; empty if all is well."""
        of_channels = [text for each in self.channels for text in each.problems.values()]
        return tuple(dict.fromkeys(filter(None, [self.source_problem, *of_channels])))

    @property
    def faults(self) -> tuple[str, ...]:
        """The problems of detectors, renderers and encoders, which may fail or be slow."""
        parts = ("detector", "renderer", "encoder")
        found = [each.problems.get(part, "") for each in self.channels for part in parts]
        return tuple(dict.fromkeys(filter(None, found)))

    @property
    def is_well(self) -> bool:
        """True if the camera is live and nothing is wrong with its channels."""
        return self.state == "live" and not self.problems

    def __repr__(self) -> str:
        said = self.problems or (("All is well.",) if self.is_well else ())
        return "\n".join([f"CameraHealth({self.state})", *(f"  {each}" for each in said)])


def _time_of_day(unix_s: float) -> str:
    minutes, seconds = divmod(int(unix_s) % 86_400, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def _words(part: str, status: EncoderStatus | DetectorStatus | RendererStatus) -> str:
    return _sentence(f"{part} is {status.state}", status.detail)


def _sentence(said: str, why: str) -> str:
    return f"{said}: {why.removesuffix('.')}." if why else f"{said}."
