"""Makes sure that the process may open as many files as its connections and cameras need.

Every connection is an open file. A process that runs out of them accepts nobody, not even the
question whether it lives, and opens no camera. So the limit (``ulimit -n``) is raised as far as the
system lets this process, and where that is not enough, fewer connections are allowed.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

from streamlab.settings import Settings

try:
    import resource
except ImportError:  # Windows, where sockets do not count as files
    resource = None  # type: ignore[assignment,unused-ignore]

log = logging.getLogger(__name__)
OTHERS = 128
MAX_WAITING = 256
FILES_OF_CAMERA = 6  # the source, its threads, a worker's pipes
FILES_OF_PROCESS = 128


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections of each kind a server has room for."""

    streams: int
    """Also the new value of ``max_connections``."""
    others: int
    """Requests beside the streams."""
    waiting: int
    """Connections without a request."""

    @classmethod
    def of(cls, settings: Settings, max_files: int | None) -> Room:
        """Return the room within ``max_files``; None: there is no limit."""
        wanted = cls(settings.max_connections, OTHERS, MAX_WAITING)
        if max_files is None or files_needed(settings) <= max_files:
            return wanted
        spare = files_needed(settings) - wanted.streams
        return cls(
            min(wanted.streams, max(max_files - spare, max_files // 2, 1)),
            min(wanted.others, max(max_files // 8, 1)),
            min(wanted.waiting, max(max_files // 8, 1)),
        )


def files_needed(settings: Settings) -> int:
    """Return how many files a server with these settings may have open."""
    cameras = settings.max_cameras * FILES_OF_CAMERA
    return settings.max_connections + OTHERS + MAX_WAITING + cameras + FILES_OF_PROCESS


def make_room(settings: Settings) -> Room:
    """Raise the limit of open files if needed; lower ``max_connections`` if that is not enough."""
    room = Room.of(settings, _raise_limit(files_needed(settings)))
    if room.streams < settings.max_connections:
        log.warning(
            "This process may not open enough files for %d connections: max_connections is lowered "
            "to %d. Raise the limit (ulimit -Hn) to %d.",
            settings.max_connections,
            room.streams,
            files_needed(settings),
        )
        settings.max_connections = room.streams
    return room


def _raise_limit(needed: int) -> int | None:
    """Raise the soft limit to ``needed`` or as far as allowed; return it, None: no limit."""
    if sys.platform != "win32" and resource is not None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft not in (-1, resource.RLIM_INFINITY) and soft < needed:
            aim = needed if hard in (-1, resource.RLIM_INFINITY) else min(needed, hard)
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (aim, hard))
            except (ValueError, OSError):  # macOS has a further limit, OPEN_MAX
                return soft
            if aim > soft:
                log.info("Raised the limit of open files from %d to %d.", soft, aim)
            return aim
    return None
