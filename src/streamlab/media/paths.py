"""File paths and ``file:`` URLs, where operating systems differ."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import unquote

_DRIVE = re.compile(r"/[a-z]:", re.IGNORECASE)


def path_of_url(url: str, *, windows: bool = os.name == "nt") -> str:
    """Return the path in a ``file:`` URL (RFC 8089; on Windows also its appendix E.2).

    ``file:///C:/door.mp4`` gives ``C:/door.mp4`` on Windows and ``/C:/door.mp4`` elsewhere.
    """
    path = unquote(url[len("file:") :].removeprefix("//"))
    return path[1:] if windows and _DRIVE.match(path) else path


def is_on_foreign_share(path: PurePath, folders: Iterable[PurePath]) -> bool:
    r"""Return True if a path is on a Windows share or device that none of ``folders`` is on.

    Accessing ``\\host\share\door.mp4``, or even resolving it, sends this user's credentials to
    that host, so such a path must be refused by its text alone.
    """
    share = path.drive.lower()
    return share.startswith("\\\\") and share not in {folder.drive.lower() for folder in folders}
