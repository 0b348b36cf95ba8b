"""What differs between operating systems in how a file is written down."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import unquote

_DRIVE = re.compile(r"/[a-z]:", re.IGNORECASE)


def path_of_url(url: str, *, windows: bool = os.name == "nt") -> str:
    """Return the path in a ``file:`` URL (RFC 8089; on Windows also its appendix E.2).

    ``file:///C:/door.mp4`` is ``C:/door.mp4`` on Windows; elsewhere that is no drive.
    """
    path = unquote(url[len("file:") :].removeprefix("//"))
    return path[1:] if windows and _DRIVE.match(path) else path


def is_on_foreign_share(path: PurePath, folders: Iterable[PurePath]) -> bool:
    r"""Return whether a path is on a network share or device of Windows that no folder is on.

    To look at ``\\host\share\door.mp4``, or only to resolve it, sends that host this user's
    credentials: such a path is to be refused by its text alone.
    """
    share = path.drive.lower()
    return share.startswith("\\\\") and share not in {folder.drive.lower() for folder in folders}
