"""An input that cannot be read is one error; the log is not filled with what FFmpeg tries again.

PyAV raises one exception when a call of FFmpeg returns, and prints the others with tracebacks.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from streamlab.errors import SourceError, SourceFormatError
from streamlab.media.local_files import LocalFile
from streamlab.media.opening import open_source
from streamlab.media.spec import SourceSpec
from tests.fuzz.media_seeds import make_seeds

GOOD_BYTES = 2000
ENTRIES = 200


def read_all(path: Path) -> int:
    with closing(open_source(SourceSpec.parse(f"{path}#once"))) as source:
        return sum(1 for _ in source.frames())


@pytest.mark.parametrize("name", ["h264.mp4", "first.mp4", "parts.mp4", "h264.mkv", "h264.ts"])
@pytest.mark.parametrize("good_reads", [1, 2])
def test_reads_that_fail_again_and_again(
    name: str,
    good_reads: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    left, read = good_reads, LocalFile.read

    def read_a_little(file: LocalFile, size: int, /) -> bytes:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(5, "the disk is gone")
        return read(file, min(size, GOOD_BYTES))

    path = tmp_path / name
    path.write_bytes(make_seeds()[name].files[name])
    monkeypatch.setattr(LocalFile, "read", read_a_little)
    with pytest.raises(SourceError):
        read_all(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("read_bytes", [1, 5, 100_000])
@pytest.mark.parametrize(
    "entry", [b"\xb0.ts", b"a\xc3.ts", b'#EXT-X-KEY:METHOD=AES-128,URI="\xff"']
)
def test_a_playlist_that_is_not_utf8(
    entry: bytes,
    read_bytes: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    read = LocalFile.read
    monkeypatch.setattr(LocalFile, "read", lambda file, size: read(file, min(size, read_bytes)))
    path = tmp_path / "list.m3u8"
    entries = b"".join(b"#EXTINF:1,\n%b\n" % entry for _ in range(ENTRIES))
    path.write_bytes(b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n" + entries + b"#EXT-X-ENDLIST\n")
    with pytest.raises(SourceFormatError, match="UTF-8"):
        read_all(path)
    assert capfd.readouterr().err == ""


def test_a_playlist_in_a_folder_whose_name_is_not_utf8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"a\xb0")
    folder.mkdir()
    for name, data in make_seeds()["hls"].files.items():
        (folder / name).write_bytes(data)
    with pytest.raises(SourceFormatError, match="not UTF-8"):
        read_all(folder / "list.m3u8")


@pytest.mark.parametrize("name", ["ä.ts", "録画.ts"])
def test_a_playlist_may_name_files_in_any_script(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(make_seeds()["h264.ts"].files["h264.ts"])
    path = tmp_path / "list.m3u8"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{name}\n#EXT-X-ENDLIST\n")
    assert read_all(path) == 12


def test_a_playlist_of_nothing_that_may_be_opened(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    entries = "".join(f"#EXTINF:1,\nhttp://127.0.0.1:9/{n}.ts\n" for n in range(ENTRIES))
    path = tmp_path / "list.m3u8"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{entries}#EXT-X-ENDLIST\n")
    with pytest.raises(SourceError):
        read_all(path)
    assert "dropped" not in capfd.readouterr().err
