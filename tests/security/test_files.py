"""A source given over HTTP reads files below the allowed folders only, whatever names them."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest

from streamlab.errors import SourceError, SourceFormatError, SourceNotAllowedError
from streamlab.media.limits import SourceLimits
from streamlab.media.local_files import open_local
from streamlab.media.opening import open_source
from streamlab.media.source import Source
from streamlab.media.spec import SourcePolicy, SourceSpec
from tests.fakes import videos

SHORT = videos.Recipe(width=64, height=48, frames=5, gop=5)
FRAMES = SHORT.frames + 1  # one more than it has: it is opened twice


class Folders(NamedTuple):
    allowed: Path
    outside: Path

    def open(self, name: str) -> Source:
        """Open a file of the allowed folder as `POST /cameras` would have it opened."""
        policy = SourcePolicy.of([], [self.allowed], [])
        spec = SourceSpec.parse(str(self.allowed / name))
        return open_source(replace(spec, limits=policy.limits_of(spec)))

    def read(self, name: str) -> int:
        with closing(self.open(name)) as source:
            return len(list(islice(source.frames(), FRAMES)))


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Return two folders with a video each, `in.ts` and `secret.ts`."""
    found = Folders(tmp_path / "allowed", tmp_path / "outside")
    for folder in found:
        folder.mkdir()
    videos.write(found.allowed / "in.ts", SHORT)
    videos.write(found.outside / "secret.ts", SHORT)
    (found.allowed / "link.ts").symlink_to(found.outside / "secret.ts")
    (found.allowed / "folder").symlink_to(found.outside)
    return found


def playlist(entry: str, before: str = "") -> str:
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:1", before]
    return "\n".join([*filter(None, lines), "#EXTINF:0.2,", entry, "#EXT-X-ENDLIST", ""])


def test_a_playlist_may_name_files_beside_it(folders: Folders) -> None:
    (folders.allowed / "list.m3u8").write_text(playlist("in.ts"))
    assert folders.read("list.m3u8") == FRAMES


def test_a_playlist_of_playlists_may_name_files_beside_it(folders: Folders) -> None:
    (folders.allowed / "list.m3u8").write_text(playlist("in.ts"))
    (folders.allowed / "top.m3u8").write_text(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nlist.m3u8\n"
    )
    assert folders.read("top.m3u8") == FRAMES


@pytest.mark.parametrize(
    "entry",
    [
        "../outside/secret.ts",
        "folder/secret.ts",
        "link.ts",
        "{outside}/secret.ts",
        "file://{outside}/secret.ts",
        "FILE://{outside}/secret.ts",
        "file:{outside}/secret.ts",
        "file:///..{outside}/secret.ts",
        "http://127.0.0.1:1/secret.ts",
        "data:video/mp2t;base64,AAAA",
        "crypto:{outside}/secret.ts",
        "subfile,,start,0,end,0,,:{outside}/secret.ts",
        "concat:{outside}/secret.ts",
    ],
)
@pytest.mark.parametrize("place", ["segment", "map", "variant"])
def test_a_playlist_cannot_name_anything_else(folders: Folders, entry: str, place: str) -> None:
    entry = entry.format(outside=folders.outside)
    text = {
        "segment": playlist(entry),
        "map": playlist("in.ts", f'#EXT-X-MAP:URI="{entry}"'),
        "variant": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n{entry}\n",
    }[place]
    (folders.allowed / "list.m3u8").write_text(text)
    with pytest.raises(SourceError):
        folders.read("list.m3u8")


@pytest.mark.parametrize("name", ["../outside/secret.ts", "link.ts", "folder/secret.ts"])
def test_an_error_does_not_say_whether_a_file_exists(folders: Folders, name: str) -> None:
    said = []
    for entry in (name, name.replace("secret", "none").replace("link", "none")):
        (folders.allowed / "list.m3u8").write_text(playlist(entry))
        with pytest.raises(SourceError) as caught:
            folders.read("list.m3u8")
        said.append(str(caught.value).replace("secret", "none"))
    assert said[0] == said[1] or name == "link.ts"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.ffconcat", "ffconcat version 1.0\nfile in.ts\n"),
        ("list.mp4", "ffconcat version 1.0\nfile {outside}/secret.ts\n"),
        ("list.txt", "ffconcat version 1.0\noption safe 0\nfile ../outside/secret.ts\n"),
        (
            "cam.sdp",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
        ),
        ("list.mpd", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>'),
        ("film.ass", "[Script Info]\nScriptType: v4.00+\n"),
    ],
)
def test_files_that_name_others_are_not_opened(folders: Folders, name: str, text: str) -> None:
    (folders.allowed / name).write_text(text.format(outside=folders.outside))
    with pytest.raises(SourceFormatError):
        folders.open(name)
    with pytest.raises(SourceFormatError):  # an operator's, too
        open_source(SourceSpec.parse(str(folders.allowed / name)))


@pytest.mark.parametrize("name", ["link.ts", "folder/secret.ts", "../outside/secret.ts"])
def test_a_link_that_leads_out_is_refused(folders: Folders, name: str) -> None:
    with pytest.raises(SourceNotAllowedError):
        folders.open(name)


def test_an_operator_may_name_a_link(folders: Folders) -> None:
    spec = SourceSpec.parse(str(folders.allowed / "link.ts"))
    with closing(open_source(spec)) as source:
        assert next(source.frames()) is not None


def test_a_file_replaced_by_a_link_while_it_loops_is_not_followed(folders: Folders) -> None:
    with closing(folders.open("in.ts")) as source:
        frames = source.frames()
        assert next(frames) is not None
        (folders.allowed / "in.ts").unlink()
        (folders.allowed / "in.ts").symlink_to(folders.outside / "secret.ts")
        with pytest.raises(SourceNotAllowedError):
            list(islice(frames, FRAMES))


@pytest.mark.parametrize("replaced", ["file", "folder"])
def test_a_file_replaced_between_check_and_opening_is_found_out(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, replaced: str
) -> None:
    inner = folders.allowed / "inner"
    inner.mkdir()
    path = videos.write(inner / "secret.ts", SHORT)
    limits = SourceLimits((folders.allowed.resolve(),))
    place_of = SourceLimits.place_of

    def then_replace(self: SourceLimits, asked: Path) -> object:
        place = place_of(self, asked)
        path.unlink()
        if replaced == "file":
            path.symlink_to(folders.outside / "secret.ts")
        else:
            inner.rmdir()
            inner.symlink_to(folders.outside)
        return place

    monkeypatch.setattr(SourceLimits, "place_of", then_replace)
    with pytest.raises(SourceNotAllowedError):
        open_local(str(path), limits)


@pytest.mark.parametrize("limited", [True, False])
@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "folder"])
def test_only_regular_files_are_opened(folders: Folders, kind: str, limited: bool) -> None:
    path = folders.allowed / "thing.mp4"
    limits = SourceLimits((folders.allowed.resolve(), Path("/dev")))
    if kind == "fifo":
        os.mkfifo(path)  # opening it would wait for a writer
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    elif kind == "folder":
        path.mkdir()
    else:
        path = Path("/dev/zero")
    spec = replace(SourceSpec.parse(str(path)), limits=limits if limited else None)
    with pytest.raises(SourceFormatError, match=r"regular file|folder"):
        open_source(spec)


def test_a_playlist_cannot_name_a_fifo(folders: Folders) -> None:
    os.mkfifo(folders.allowed / "pipe.ts")
    (folders.allowed / "list.m3u8").write_text(playlist("pipe.ts"))
    with pytest.raises(SourceFormatError, match="regular file"):
        folders.open("list.m3u8")


def test_a_closed_source_leaves_no_descriptor_open(folders: Folders) -> None:
    (folders.allowed / "list.m3u8").write_text(playlist("in.ts"))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("in.ts", "list.m3u8"):
        assert folders.read(name) == FRAMES
    assert len(list(Path("/proc/self/fd").iterdir())) == before
