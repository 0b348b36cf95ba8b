"""What a viewer may see and change: cameras and channels, named by patterns.

``Access`` is of a whole server, ``CameraAccess`` of one camera. A pattern is a name in which ``*``
stands for any characters. Nothing is allowed that no grant names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ANY = "*"
Patterns = tuple[str, ...]


def matches(pattern: str, name: str) -> bool:
    """Return True if a name has the form of a pattern, in time proportional to their lengths."""
    first, *parts = pattern.split(ANY)
    if not parts:
        return name == first
    last = parts.pop()
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for part in parts:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


@dataclass(frozen=True, slots=True)
class Grant:
    """Gives a right to channels of cameras; a viewer's grants add up."""

    cameras: Patterns = (ANY,)
    channels: Patterns = (ANY,)

    @property
    def is_unlimited(self) -> bool:
        """True if it covers every channel of every camera."""
        return ANY in self.cameras and ANY in self.channels


@dataclass(frozen=True, slots=True)
class CameraAccess:
    """What a viewer may do with one camera; by default everything."""

    watching: Patterns = (ANY,)
    """The channels that it may be sent."""
    unredacted: Patterns = (ANY,)
    """The channels that it may be sent even if the camera redacts, and they are not redacted."""
    changing: bool = True
    """True if it may change and remove the camera."""

    def watches(self, channel: str) -> bool:
        """Return True if it may be sent a channel."""
        return _any_matches(self.watching, channel)

    def watches_unredacted(self, channel: str) -> bool:
        """Return True if it may be sent a channel without redaction of a camera that redacts."""
        return _any_matches(self.unredacted, channel)

    @property
    def watches_all(self) -> bool:
        """True if no channel of the camera is kept from it."""
        return ANY in self.watching


FULL = CameraAccess()


@dataclass(frozen=True, slots=True)
class Access:
    """What a viewer may do with the cameras of a server; by default nothing."""

    watching: tuple[Grant, ...] = ()
    unredacted: tuple[Grant, ...] = ()
    changing: tuple[Grant, ...] = ()

    def of(self, camera_id: str) -> CameraAccess:
        """Return what it may do with one camera."""
        return CameraAccess(
            _channels(self.watching, camera_id),
            _channels(self.unredacted, camera_id),
            bool(_channels(self.changing, camera_id)),
        )

    def sees(self, camera_id: str) -> bool:
        """Return True if it may know of a camera: it may be sent one of its channels."""
        return bool(_channels(self.watching, camera_id))

    def changes(self, camera_id: str) -> bool:
        """Return True if it may add, change and remove a camera of this id."""
        return bool(_channels(self.changing, camera_id))

    @property
    def watches_everything(self) -> bool:
        """True if no camera and no channel is kept from it."""
        return _is_unlimited(self.watching)

    @property
    def watches_everything_unredacted(self) -> bool:
        """True if it may see all channels of all cameras that redact as well."""
        return _is_unlimited(self.unredacted)

    @property
    def changes_everything(self) -> bool:
        """True if it may change every camera."""
        return _is_unlimited(self.changing)


NOTHING = Access()
EVERYTHING = Access((Grant(),), (Grant(),), (Grant(),))


def _any_matches(patterns: Patterns, name: str) -> bool:
    return ANY in patterns or any(matches(pattern, name) for pattern in patterns)


def _channels(grants: Iterable[Grant], camera_id: str) -> Patterns:
    """Return the channels that grants allow of one camera."""
    of_camera = (grant for grant in grants if _any_matches(grant.cameras, camera_id))
    return tuple(channel for grant in of_camera for channel in grant.channels)


def _is_unlimited(grants: Iterable[Grant]) -> bool:
    return any(grant.is_unlimited for grant in grants)
