"""The newest release of a channel and its synchronization with raw, for display and logs."""

from __future__ import annotations

from dataclasses import dataclass

from streamlab.core.channels import QualityLevel
from streamlab.core.mp4.fragment import Fragment
from streamlab.core.time.timebase import NS_PER_MS


@dataclass(frozen=True, slots=True)
class ChannelMetadata:
    """One channel of a camera; values not known yet, or not measured for raw, are None."""

    channel: str
    sequence: int | None = None
    """Of the last released fragment."""
    quality: QualityLevel | None = None
    """Of that fragment."""
    pts: int | None = None
    """Of its last frame, ticks of 1/90000 s."""
    released_ns: int | None = None
    """When it was released, monotonic."""
    offset_ms: float | None = None
    """From the capture of that frame to its release."""
    drift_ms: float | None = None
    """Its release time minus that of raw; annotated channels only."""
    fresh_fraction: float | None = None
    """The share of fresh frames in the last seconds; annotated channels only."""

    @classmethod
    def of(
        cls,
        channel: str,
        last_release: tuple[Fragment, int] | None,
        *,
        drift_ms: float | None = None,
        fresh_fraction: float | None = None,
    ) -> ChannelMetadata:
        """Describe a channel by its last released fragment and the time of that release, ns."""
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
