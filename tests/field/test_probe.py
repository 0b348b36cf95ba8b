"""What a probe reports of the field's files and of cameras that misbehave, on the command line."""

from __future__ import annotations

import functools
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streamlab.cli import app
from streamlab.media.probe import Reading
from streamlab.media.spec import SourceSpec
from tests.fakes import videos
from tests.fakes.timed_camera import CLAIMED_RATE, RATE, TimedCamera

FIELD = Path(__file__).parents[3] / "shared" / "data" / "field"
STILL = videos.Recipe(frames=1, codec="mjpeg", pixel_format="yuvj420p")
Report = dict[str, Any]

needs_files = pytest.mark.skipif(not FIELD.is_dir(), reason="the field files are not here")


def of_file(name: str) -> Report:
    done = CliRunner().invoke(app, ["probe", "--json", str(FIELD / name)])
    assert done.exit_code == 0, done.output
    report: Report = json.loads(done.stdout)
    return report


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "streamlab", "probe", *arguments]


@needs_files
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain.mp4", {"fps_measured": 15, "passthrough": True, "gop_frames": 15, "width": 160}),
        ("cover_art_first.mp4", {"chosen_stream": 1, "codec": "h264", "width": 160}),
        ("mirrored.mp4", {"mirrored": True, "rotation_deg": 0, "passthrough": False}),
        (
            "rotated90_no_b_frames.mp4",
            {"mirrored": False, "rotation_deg": 270, "display_width": 90, "display_height": 160},
        ),
        ("sar_40_33.mp4", {"sample_aspect_ratio": "40:33", "passthrough": False}),
        ("every_5th_stamp_twice.mkv", {"variable_rate": False, "rate_as_claimed": True}),
        ("sound_goes_on.ts", {"notes": ["its pictures end after 4.0 s of 40.0 s"]}),
    ],
)
def test_files_of_the_field(name: str, expected: Report) -> None:
    report = of_file(name)
    assert {key: report[key] for key in expected} == expected


@needs_files
def test_a_stream_that_cannot_be_decoded() -> None:
    done = CliRunner().invoke(app, ["probe", "--json", str(FIELD / "no_sps.ts")])
    assert done.exit_code == 2
    assert "no picture that can be decoded" in json.loads(done.stdout)["error"]["message"]


@pytest.fixture(scope="module")
def live() -> Iterator[dict[str, Report]]:
    """Reports of three cameras, read side by side."""
    with TimedCamera() as camera:
        paths = ("/mjpeg", "/stream.mkv", "/live.m3u8")
        readings = {path: Reading(SourceSpec.parse(camera.url + path)) for path in paths}
        for reading in readings.values():
            reading.start()
        for reading in readings.values():
            while not reading.wait(0.1):
                pass
        yield {path: reading.report().as_dict() for path, reading in readings.items()}


def test_a_rate_that_is_not_the_one_claimed(live: dict[str, Report]) -> None:
    for path, timed in (("/mjpeg", "they have no stamps"), ("/stream.mkv", "stamps say 25.0 fps")):
        report = live[path]
        assert (report["kind"], report["fps_claimed"]) == ("live", CLAIMED_RATE)
        assert report["fps_measured_by"] == "arrival"
        assert report["fps_measured"] == pytest.approx(RATE, rel=0.4)
        assert report["rate_as_claimed"] is False
        assert report["rate_detail"].startswith("claims 25 fps")
        assert ", delivers " in report["rate_detail"]
        first = report["actions"][0]
        assert first["action"] == "time_by_arrival"
        assert timed in first["detail"]
    assert live["/mjpeg"]["colour_range"] == "full"


def test_a_live_playlist_is_measured_by_its_stamps(live: dict[str, Report]) -> None:
    report = live["/live.m3u8"]
    assert (report["kind"], report["fps_measured_by"]) == ("hls", "stamps")
    assert report["fps_measured"] == pytest.approx(RATE, rel=0.05)
    assert report["duration_s"] is None


def test_an_address_of_one_picture(tmp_path: Path) -> None:
    videos.write(tmp_path / "now.jpg", STILL)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/now.jpg?fps=4"
            done = CliRunner().invoke(app, ["probe", "--json", url])
        finally:
            server.shutdown()
            thread.join()
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["kind"], report["codec"], report["width"]) == ("snapshot", "mjpeg", 320)
    assert report["fps_claimed"] is report["duration_s"] is None
    assert report["actions"][0]["action"] == "ask"
    assert "4" in report["actions"][0]["detail"]


@pytest.fixture
def silent_camera() -> Iterator[tuple[str, threading.Event]]:
    """An address with credentials that accepts and never answers, and when it was asked."""
    asked = threading.Event()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        kept: list[socket.socket] = []

        def accept() -> None:
            try:
                while True:
                    kept.append(listener.accept()[0])
                    asked.set()
            except OSError:
                pass

        thread = threading.Thread(target=accept)
        thread.start()
        port = listener.getsockname()[1]
        yield f"http://anna:geheim7@127.0.0.1:{port}/cam?token=abc987", asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


def test_opening_ends_in_time(silent_camera: tuple[str, threading.Event]) -> None:
    url, _ = silent_camera
    done = subprocess.run(
        command("--json", "--timeout", "0.5", url),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "unreachable"
    # FFmpeg's own time-out, or that of the command, whichever comes first.
    assert re.search("no answer in time|no picture within 0.5 s", error["message"])
    assert error["hint"]
    assert not any(secret in done.stdout + done.stderr for secret in ("geheim7", "abc987", "anna"))


def test_ctrl_c_ends_it(silent_camera: tuple[str, threading.Event]) -> None:
    url, asked = silent_camera
    with subprocess.Popen(
        command("--timeout", "600", url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert asked.wait(120)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert stdout == ""
    assert "Traceback" not in stderr
    assert "geheim7" not in stderr
