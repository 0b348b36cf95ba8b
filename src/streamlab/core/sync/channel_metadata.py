"""The newest release of a channel and how it keeps to raw, for those who show or log it."""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.core.channels import QualityLevel
from streamlab.core.mp4.fragment import Fragment
from streamlab.core.time.timebase import NS_PER_MS


@dataclass(frozen=True, slots=True)
class ChannelMetadata:
    """One channel of a camera; what is not known yet, or not measured for raw, is None."""

    channel: str
    sequence: int | None = None
    """Of the newest fragment that has left."""
    quality: QualityLevel | None = None
    """Of that fragment."""
    pts: int | None = None
    """Of its last frame, ticks of 1/90000 s."""
    released_ns: int | None = None
    """When it left, monotonic."""
    offset_ms: float | None = None
    """How long after its capture that frame left."""
    drift_ms: float | None = None
    """Its releases minus raw's; annotated channels only."""
    fresh_fraction: float | None = None
    """The share of the last seconds' frames with boxes of their own; annotated channels only."""

    @classmethod
    def of(
        cls,
        channel: str,
        last_release: tuple[Fragment, int] | None,
        *,
        drift_ms: float | None = None,
        fresh_fraction: float | None = None,
    ) -> ChannelMetadata:
        """Describe a channel by its last fragment and when that left, ns."""
        if last_release is None:
            return cls(channel, drift_ms=drift_ms, fresh_fraction=fresh_fraction)
        fragment, released_ns = last_release
        frame = fragment.frames[-1]
        return cls(
            channel,
            fragment.sequence,
            fragment.key.quality,
            frame.pts,
            released_ns,
            (released_ns - frame.captured_ns) / NS_PER_MS,
            drift_ms,
            fresh_fraction,
        )
