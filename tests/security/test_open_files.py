"""A server allows as many connections as the process may open files for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from streamlab.server.open_files import Room, files_needed
from streamlab.settings import Settings


def test_fewer_connections_are_allowed_where_files_are_few() -> None:
    settings = Settings(max_connections=1000)
    needed = files_needed(settings)
    assert Room.of(settings, None) == Room.of(settings, needed) == Room(1000, 128, 256)
    assert Room.of(settings, needed - 100).streams == 900
    for files in (1, 20, 256, 1024, needed):
        room = Room.of(settings, files)
        assert min(room.streams, room.others, room.waiting) >= 1
        assert room.streams + room.others + room.waiting <= max(3, files)


SCRIPT = """
import logging, resource
from streamlab.server.open_files import make_room
from streamlab.settings import Settings
logging.basicConfig(level=logging.INFO)
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
settings = Settings(max_connections=1000)
make_room(settings)
print(settings.max_connections, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sockets are not files there")
@pytest.mark.parametrize(
    ("soft", "hard", "told"), [(256, 4096, "Raised the limit"), (200, 256, "lowered to 128")]
)
def test_the_limit_of_open_files_is_raised_or_the_connections_fit_it(
    soft: int, hard: int, told: str
) -> None:
    code = SCRIPT.format(soft=soft, hard=hard)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100
    )
    connections, now, _ = map(int, done.stdout.split())
    assert told in done.stderr
    assert (connections == 1000) is (now > 256)
    assert connections < now <= hard
