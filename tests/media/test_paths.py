"""Files as people write them on Windows and elsewhere."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest

from streamlab.media.paths import is_on_foreign_share, path_of_url
from streamlab.media.spec import SourceKind, SourceSpec


@pytest.mark.parametrize(
    "text",
    [
        r"C:\videos\door.mp4",
        "C:/videos/door.mp4",
        "c:door.mp4",
        r"\\nas\videos\door.mp4",
        "//nas/videos/door.mp4",
        r"\\?\C:\videos\door.mp4",
        r"videos\door.mp4",
        "./12:30.mp4",
    ],
)
def test_a_path_is_no_scheme(text: str) -> None:
    spec = SourceSpec.parse(text)
    assert (spec.kind, spec.address) == (SourceKind.FILE, text)


@pytest.mark.parametrize(
    ("url", "windows", "path"),
    [
        ("file:///C:/videos/a%20b.mp4", True, "C:/videos/a b.mp4"),
        ("FILE:///c:/a.mp4", True, "c:/a.mp4"),
        ("file:C:/a.mp4", True, "C:/a.mp4"),
        ("file:////nas/videos/a.mp4", True, "//nas/videos/a.mp4"),
        ("file:///C:/a.mp4", False, "/C:/a.mp4"),
        ("file:///videos/a%20b.mp4", False, "/videos/a b.mp4"),
        ("file:a.mp4", False, "a.mp4"),
    ],
)
def test_a_file_url(url: str, windows: bool, path: str) -> None:
    assert path_of_url(url, windows=windows) == path


FOLDERS = [PureWindowsPath(r"C:\videos"), PureWindowsPath(r"\\nas\videos")]


@pytest.mark.parametrize(
    ("path", "foreign"),
    [
        (r"C:\videos\a.mp4", False),
        (r"\\NAS\videos\a.mp4", False),
        ("//nas/videos/a.mp4", False),
        ("a.mp4", False),
        (r"\\evil\share\a.mp4", True),
        ("//evil/share/a.mp4", True),
        (r"\\nas\other\a.mp4", True),
        (r"\\?\UNC\evil\share\a.mp4", True),
        (r"\\.\pipe\a", True),
    ],
)
def test_shares_of_other_hosts(path: str, foreign: bool) -> None:
    assert is_on_foreign_share(PureWindowsPath(path), FOLDERS) is foreign


def test_posix_has_no_shares() -> None:
    assert not is_on_foreign_share(PurePosixPath("//nas/videos/a.mp4"), [])
