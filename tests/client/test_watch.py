"""`streamlab watch`, as a person runs it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import imageio_ffmpeg
import pytest
from typer.testing import CliRunner, Result

from streamlab.cli import app
from tests.fakes.rtsp_server import free_port
from tests.fakes.scripted_server import (
    ScriptedServer,
    as_json,
    connected,
    event,
    events,
    fragment,
)
from tests.fakes.streamlab_process import StreamlabProcess
from tests.wire.picture import Picture, decode, is_channel_cell_white, read_strip

TIMEOUT_S = 300.0


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "streamlab", "watch", *arguments]


def watch(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def in_process(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["watch", *arguments])


def decode_file(path: Path) -> list[Picture]:
    """Decode a recording; ffmpeg finds nothing to warn about."""
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "warning", "-i", str(path), "-f", "null", "-"]
    said = subprocess.run(ffmpeg, capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    assert not said.stdout + said.stderr
    return decode(b"", [path.read_bytes()])


def test_both_channels_are_recorded_and_reported(server: StreamlabProcess, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    done = watch(server.url, "street", "--seconds", "2", "--json", "--record", str(folder))
    assert done.returncode == 0, done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) == 2
    assert all(report["camera_id"] == "street" for report in reports)
    last = reports[-1]
    assert (last["state"], last["lost"], last["reconnects"]) == ("live", "", 0)
    assert set(last["channels"]) == {"raw", "annotated"}
    assert last["channels"]["raw"]["fps"] > 0
    assert last["drift_ms"]["p99"] >= 0
    assert last["sync_tolerance_ms"] == 50.0
    assert "raw frames" in done.stderr
    numbers: dict[str, dict[int, int | None]] = {"raw": {}, "annotated": {}}
    for path in folder.iterdir():
        # A new encoder, as a channel may get while it runs, begins another file: `…-raw-2.mp4`.
        (channel,) = (name for name in numbers if f"-{name}" in path.stem)
        pictures = decode_file(path)
        assert f"{len(pictures)} frames" in done.stderr
        assert all(
            is_channel_cell_white(picture.luma) == (channel == "annotated") for picture in pictures
        )
        numbers[channel] |= {picture.pts: read_strip(picture.luma) for picture in pictures}
    for shown in numbers.values():
        assert min(shown) == 0
        assert None not in shown.values()
    both = numbers["raw"].keys() & numbers["annotated"].keys()
    assert len(both) > 20
    assert all(numbers["raw"][pts] == numbers["annotated"][pts] for pts in both)


def test_ctrl_c_ends_it_with_whole_files(server: StreamlabProcess, tmp_path: Path) -> None:
    path = tmp_path / "raw.mp4"
    process = subprocess.Popen(
        command(server.url, "street", "--record-raw", str(path)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, errors) == (0, "")
    for words in ("street  live", "raw", "annotated", "fps", "drift", "reconnects 0"):
        assert words in first
    assert f"{path}: raw" in rest
    pictures = decode_file(path)
    told = [read_strip(picture.luma) for picture in pictures]
    assert all(told)
    assert told == sorted(told, key=lambda number: number or 0)


def test_a_terminal_gets_a_table(server: StreamlabProcess) -> None:
    """All cameras on one connection, because none is named."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(server.url, "--channels", "raw"),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
    )
    os.close(theirs)
    shown = b""
    while shown.count(b"live") < 6:
        shown += os.read(ours, 65536)
    process.send_signal(signal.SIGTERM)
    with suppress(OSError):  # Linux says EIO when the other end is gone
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    assert process.wait(TIMEOUT_S) == 0
    text = shown.decode()
    for words in ("Ctrl-C", "street", "gate", "fps", "latency", "raw frames"):
        assert words in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["door"], ["no camera 'door'", "street, gate"]),
        (["street", "--record-raw", "/dev/full"], ["No space left", "disk is full"]),
        (["street", "--record-raw", "/nowhere/raw.mp4"], ["/nowhere/raw.mp4"]),
        (["street", "--record-raw", __file__], ["already exists"]),
        (["--record-raw", "raw.mp4"], ["several cameras", "street, gate"]),
        (["street", "--channels", "raw", "--record-annotated", "a.mp4"], ["not among the watched"]),
    ],
)
def test_what_cannot_be_done(
    server: StreamlabProcess, arguments: list[str], words: list[str]
) -> None:
    done = in_process(server.url, *arguments)
    assert done.exit_code == 1
    for each in words:
        assert each in done.stderr
    assert "Traceback" not in done.output


def test_no_server() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for address, words in ((url, f"{url} does not answer"), ("127.0.0.1", "not a server URL")):
        done = in_process(address)
        assert done.exit_code == 1
        assert words in done.stderr


def test_what_the_server_says_at_the_end() -> None:
    listing = as_json({"cameras": [{"camera_id": "street"}]})
    end = event("end", {"reason": "source_ended"})
    media = fragment(5, keyframe=True)
    with ScriptedServer([listing, events(connected(), media, end)]) as server:
        done = in_process(server.url)
    assert done.exit_code == 0
    assert "1 raw frames" in done.output
    assert "ended: source_ended" in done.output
    with ScriptedServer([as_json({"cameras": []})]) as server:
        done = in_process(server.url)
    assert done.exit_code == 1
    assert "no camera" in done.stderr


def test_help_has_examples() -> None:
    done = in_process("--help")
    assert done.exit_code == 0
    assert "--record clips" in done.output
