"""Delivers each fragment once, in order, over any number of connections; reports every hole.

Rules, per camera, channel and quality:

- a fragment that was already delivered is a duplicate: dropped and counted;
- after a hole nothing is delivered until the next keyframe, and a ``gap`` precedes it;
- ``switched`` starts the sequence over: its channels start from the server's newest GOP, even one
  that was already delivered, because a decoder needs the keyframe;
- a reconnect continues the sequence, but starts it over for a channel that was not watched before;
- if ``stream_id`` changed (the camera was restarted) it starts over for all channels, and a ``gap``
  precedes each: the server's, or one of this client if the server sends none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from streamlab.core.channels import channels_of
from streamlab.protocol.parse import Connected, Event, Fragment, Gap, Switched


@dataclass(slots=True)
class _Run:
    """The delivery position of one encoding: a channel in one quality."""

    next_sequence: int
    broken: str = ""
    """Why fragments are missing; set until the next keyframe."""


@dataclass(slots=True)
class _Camera:
    stream_id: str = ""
    channels: tuple[str, ...] = ()
    runs: dict[tuple[str, str], _Run] = field(default_factory=dict)
    restarted: set[str] = field(default_factory=set)
    """Channels of the camera's last run that have not started again since it was restarted."""


class Delivery:
    """Filters the events of a stream's successive connections."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """``duplicates``, ``gaps``, and ``skipped`` (fragments between a hole and a keyframe)."""
        self._cameras: dict[str, _Camera] = {}

    def receive(self, event: Event) -> list[Event]:
        """Return the events to deliver for this one: none, itself, or a gap and itself."""
        camera = self._cameras.setdefault(event.camera_id, _Camera())
        if isinstance(event, Fragment):
            return self._fragment(camera, event)
        if isinstance(event, Gap):
            return self._gap(camera, event)
        if isinstance(event, Switched):
            camera.channels = channels_of(event.channel)
            camera.runs.clear()
            camera.restarted.clear()
        elif isinstance(event, Connected):
            _reconnect(camera, event)
        return [event]

    def receive_missing(self, fragment: Fragment, reason: str) -> None:
        """Record a fragment whose bytes could not be fetched; it becomes part of a gap."""
        runs = self._cameras.setdefault(fragment.camera_id, _Camera()).runs
        run = runs.setdefault((fragment.channel, fragment.quality), _Run(fragment.sequence))
        if fragment.sequence >= run.next_sequence:
            run.broken = run.broken or reason
            self.counts["skipped"] += 1

    def _fragment(self, camera: _Camera, fragment: Fragment) -> list[Event]:
        key, sequence = (fragment.channel, fragment.quality), fragment.sequence
        run = camera.runs.setdefault(key, _Run(sequence))
        if sequence < run.next_sequence:
            self.counts["duplicates"] += 1
            return []
        if sequence > run.next_sequence:
            run.broken = run.broken or "resume_expired"
        if run.broken and not fragment.keyframe:
            self.counts["skipped"] += 1
            return []
        given: list[Event] = []
        if sequence > run.next_sequence:
            given.append(self._make_gap(fragment, run.next_sequence, sequence - 1, run.broken))
        elif fragment.channel in camera.restarted:
            given.append(self._make_gap(fragment, None, None, "source"))
        camera.restarted.discard(fragment.channel)
        run.next_sequence, run.broken = sequence + 1, ""
        return [*given, fragment]

    def _make_gap(
        self, fragment: Fragment, first: int | None, last: int | None, reason: str
    ) -> Gap:
        self.counts["gaps"] += 1
        return Gap(
            camera_id=fragment.camera_id,
            channel=fragment.channel,
            quality=fragment.quality,
            from_sequence=first,
            to_sequence=last,
            reason=reason,
        )

    def _gap(self, camera: _Camera, gap: Gap) -> list[Event]:
        runs = [
            run
            for (channel, quality), run in camera.runs.items()
            if channel == gap.channel and gap.quality in ("", quality)
        ]
        last = gap.to_sequence
        if runs and last is None:
            return []  # the next fragment shows what was missed, if anything
        if last is None or not runs:
            camera.restarted.discard(gap.channel)
            self.counts["gaps"] += 1
            return [gap]
        if all(last < run.next_sequence for run in runs):
            return []  # already delivered before the connection was lost
        self.counts["gaps"] += 1
        first = min(run.next_sequence for run in runs)
        for run in runs:
            run.next_sequence = max(run.next_sequence, last + 1)
            run.broken = ""
        return [replace(gap, from_sequence=max(first, gap.from_sequence or first))]


def _reconnect(camera: _Camera, connected: Connected) -> None:
    kept = set(camera.channels) & set(connected.channels)
    if connected.stream_id != camera.stream_id:
        camera.restarted |= {channel for channel, _ in camera.runs}
        kept = set()
    camera.restarted &= set(connected.channels)
    camera.runs = {key: run for key, run in camera.runs.items() if key[0] in kept}
    camera.stream_id, camera.channels = connected.stream_id, connected.channels
