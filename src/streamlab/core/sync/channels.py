"""The channels of a sync controller: settings, changes, and measurements.

Channels and settings can change at any time. Releases that such a request affects are processed
in the controller's next ``handle_timer``, which is then due at once.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from streamlab.core.channels import RAW, SyncState, check_annotated_name
from streamlab.core.events import Sync
from streamlab.core.sync.annotated import AnnotatedSync
from streamlab.core.sync.channel_metadata import ChannelMetadata
from streamlab.core.sync.drift import ChannelSyncStatus, DriftMeter
from streamlab.core.sync.events import BoxDeadline, Release
from streamlab.core.sync.freshness import Freshness
from streamlab.core.sync.playout import NEVER_NS, PlayoutControl
from streamlab.core.sync.raw import RawSync
from streamlab.core.sync.report import make_report, worst_state
from streamlab.core.sync.rule import Policy
from streamlab.core.sync.settings import SyncSettings
from streamlab.core.time.timebase import NS_PER_MS
from streamlab.errors import InvalidRequestError


class SyncChannels:
    """Holds one raw and any number of annotated channels."""

    def __init__(
        self, settings: SyncSettings, max_violations: int, annotated: Iterable[str]
    ) -> None:
        self.settings = settings
        self.annotated: Mapping[str, AnnotatedSync] = {}
        """The annotated channels by name, in the order of their addition."""
        self.counts: Counter[str] = Counter()
        self._max_violations = max_violations
        self._raw = RawSync()
        self.delays_ms, self.intervals_ms = self._raw.delays_ms, self._raw.intervals_ms
        self._channels: tuple[AnnotatedSync, ...] = ()
        self._unmeasured = AnnotatedSync("", settings, max_violations)
        self._events: deque[Release | Sync | BoxDeadline] = deque()
        for name in annotated:
            self._announce_deadline(self._add(name))
        self._due_ns = NEVER_NS  # when the next waiting fragment is due

    # -- requests ------------------------------------------------------------------------

    def add_channel(self, name: str) -> None:
        """Add an annotated channel; raw waits for it once its detector has given a result in time.

        Raises InvalidRequestError if the name is not valid or already in use.
        """
        check_annotated_name(name)
        if name in self.annotated:
            raise InvalidRequestError(f"channel '{name}' exists already", hint="Use another name.")
        channel = self._add(name)
        channel.request_late_start(self.counts)
        self._announce_deadline(channel)

    def remove_channel(self, name: str) -> None:
        """Drop an annotated channel and its waiting fragments. Unknown names are ignored."""
        channels = dict(self.annotated)
        channel = channels.pop(name, None)
        if channel is not None:
            self.annotated, self._channels = channels, tuple(channels.values())
            self.counts["dropped"] += len(channel.waiting)
            self._due_ns = 0

    def request_policy(self, policy: Policy) -> None:
        """Change the policy."""
        self._change(replace(self.settings, policy=policy))

    def request_tolerance(self, tolerance_ms: float) -> None:
        """Change the tolerance by which drift is judged and corrected."""
        self._change(replace(self.settings, tolerance_ms=tolerance_ms))

    def request_max_playout_delay(self, max_playout_delay_ms: float) -> None:
        """Limit how long raw waits; applies to frames that already wait, too."""
        self._change(replace(self.settings, max_playout_delay_ms=max_playout_delay_ms))

    def request_max_stale_fraction(self, max_stale_fraction: float) -> None:
        """Change the share of frames that may be stale; some policies adapt to it."""
        self.settings = replace(self.settings, max_stale_fraction=max_stale_fraction)
        for channel in self._channels:
            channel.request_settings(self.settings)

    def request_restart(self, name: str = RAW) -> None:
        """Forget frames that wait for their counterpart: this channel was stopped."""
        for channel in self._channels:
            if name in (RAW, channel.name):
                channel.request_restart()

    # -- measurements --------------------------------------------------------------------

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of all channels, raw first."""
        return (RAW, *self.annotated)

    @property
    def state(self) -> SyncState:
        """The worst state of the annotated channels; ``synchronized`` without any."""
        return worst_state(channel.meter.state for channel in self._channels)

    @property
    def playout_delay_ms(self) -> float:
        """How long raw waits at most, by the current delays."""
        holds_ns = [channel.control.playout.hold_ns for channel in self._channels]
        return max(holds_ns, default=0) / NS_PER_MS

    @property
    def waiting(self) -> int:
        """The number of fragments that wait for their release."""
        return len(self._raw.waiting) + sum(len(channel.waiting) for channel in self._channels)

    @property
    def meter(self) -> DriftMeter:
        """The drift meter of the first annotated channel."""
        return self._first.meter

    @property
    def control(self) -> PlayoutControl:
        """The playout control of the first annotated channel."""
        return self._first.control

    @property
    def freshness(self) -> Freshness:
        """The freshness of the first annotated channel."""
        return self._first.freshness

    def status(self, now_ns: int) -> Mapping[str, ChannelSyncStatus]:
        """Return the sync status of each annotated channel, by name."""
        return {channel.name: channel.meter.status(now_ns) for channel in self._channels}

    def metadata(self, now_ns: int) -> Mapping[str, ChannelMetadata]:
        """Return each channel's last release, drift and freshness, by name, raw first."""
        return {
            RAW: ChannelMetadata.of(RAW, self._raw.last_release),
            **{channel.name: channel.metadata(now_ns) for channel in self._channels},
        }

    def report(self, now_ns: int) -> Sync | None:
        """Return the current ``sync`` event, or None while no drift has been measured."""
        return make_report(
            self._channels,
            self.counts,
            playout_delay_ms=self.playout_delay_ms,
            tolerance_ms=self.settings.tolerance_ms,
            now_ns=now_ns,
        )

    # -- internal ------------------------------------------------------------------------

    @property
    def _first(self) -> AnnotatedSync:
        """The first annotated channel, or one without measurements if there is none."""
        return self._channels[0] if self._channels else self._unmeasured

    def _add(self, name: str) -> AnnotatedSync:
        channel = AnnotatedSync(name, self.settings, self._max_violations)
        self.annotated = {**self.annotated, name: channel}
        self._channels = tuple(self.annotated.values())
        return channel

    def _change(self, settings: SyncSettings) -> None:
        self.settings = settings
        for channel in self._channels:
            channel.request_settings(settings)
            self._announce_deadline(channel)

    def _announce_deadline(self, channel: AnnotatedSync) -> None:
        self._due_ns = 0  # due times of waiting frames may have moved: check at once
        deadline = channel.moved_deadline()
        if deadline is not None:
            self._events.append(deadline)
