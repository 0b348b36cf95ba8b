"""The command line as a person uses it: what it says, and with which exit code."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from streamlab.cli import app
from tests.detect.models import bright_spot_model
from tests.fakes import videos
from tests.fakes.rtsp_server import free_port
from tests.fakes.streamlab_process import StreamlabProcess

ROOT = Path(__file__).parent.parent
RAW = videos.Recipe(frames=30)


def run(*arguments: str, timeout_s: float = 300.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streamlab", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run("serve", "--port", str(free_port()), *arguments)


def serve_in_process(*arguments: str) -> Result:
    """Run a server that cannot start in this process, which is faster."""
    return CliRunner().invoke(app, ["serve", "--port", str(free_port()), *arguments])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("command", [[], ["demo"], ["serve"], ["models"], ["probe"]])
def test_help_teaches(command: list[str]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert "streamlab" in done.stdout


def test_version() -> None:
    assert run("--version").stdout.startswith("streamlab ")


def test_a_port_in_use(taken_port: int) -> None:
    done = run("demo", "--no-browser", "--port", str(taken_port))
    assert done.returncode == 1
    assert f"port {taken_port}" in done.stderr
    assert "--port" in done.stderr


def test_a_camera_without_a_name() -> None:
    for text in ("door.mp4", "=door.mp4", "door=", "my door=door.mp4", "http://h/x?a=b"):
        done = serve("--camera", text)
        assert done.returncode == 1
        assert "NAME=SOURCE" in done.stderr


def test_two_cameras_of_one_name() -> None:
    done = serve("--camera", "a=synthetic://traffic", "--camera", "a=synthetic://traffic?seed=2")
    assert done.returncode == 2
    assert "--camera a: there are two cameras of that name" in done.stderr


def test_no_camera_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = serve()
    assert done.returncode == 2
    assert "[[cameras]]" in done.stderr


def test_sources_that_cannot_be_opened(tmp_path: Path) -> None:
    wrong = {
        str(tmp_path / "missing.mp4"): "does not exist",
        str(videos.text(tmp_path / "text.mp4")): "not a video",
        str(videos.truncated(tmp_path / "truncated.mp4")): "truncated",
        str(tmp_path): "is a folder",
        "gopher://example/1": "unknown scheme",
        "synthetic://ocean": "no synthetic scene",
        "synthetic://traffic?fps=zero": "fps",
    }
    for source, words in wrong.items():
        done = serve_in_process("--camera", f"cam={source}")
        assert isinstance(done.exception, SystemExit), done.exception
        assert done.exit_code == 2, source
        assert words in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("missing.onnx", None, "missing.onnx"), ("corrupt.onnx", b"no model", "corrupt.onnx")],
)
def test_models_that_cannot_be_used(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    done = run("demo", "--no-browser", "--port", str(free_port()), "--model", str(path))
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_of_its_own_for_a_camera_that_is_not_there() -> None:
    done = serve("--camera", "street=synthetic://traffic", "--camera-model", "gate=none")
    assert done.returncode == 1
    assert "there is no camera 'gate'" in done.stderr
    assert "street" in done.stderr
    done = serve("--camera", "street=synthetic://traffic", "--camera-model", "street")
    assert done.returncode == 1
    assert "NAME=MODEL" in done.stderr


def test_the_truth_of_a_camera_that_has_none(tmp_path: Path) -> None:
    path = videos.baseline(tmp_path / "door.mp4")
    done = serve("--camera", f"door={path}", "--camera-model", "door=truth")
    assert done.returncode == 1
    assert "Only synthetic cameras" in done.stderr


@pytest.mark.parametrize("command", [["demo", "--no-browser"], ["models"]])
def test_a_provider_that_is_not_there(command: list[str]) -> None:
    port = ["--port", str(free_port())] if command[0] == "demo" else []
    done = run(*command, *port, "--provider", "warp")
    assert done.returncode == 1
    assert "unknown execution provider 'warp'" in done.stderr
    assert "cpu, openvino, cuda, tensorrt" in done.stderr


def detectors(server: StreamlabProcess) -> dict[str, str]:
    """Return the name of each camera's detector."""
    listing = httpx.get(f"{server.url}/cameras", timeout=120.0).json()["cameras"]
    return {camera["camera_id"]: camera["detector"]["name"] for camera in listing}


def test_which_camera_gets_which_model(tmp_path: Path) -> None:
    door = f"door={videos.baseline(tmp_path / 'door.mp4')}"
    street, square = "street=synthetic://traffic", "square=synthetic://traffic?seed=2"
    cameras = ["--camera", street, "--camera", square, "--camera", door]
    with StreamlabProcess(tmp_path / "log", *cameras) as server:
        assert detectors(server) == {
            "street": "street.onnx",
            "square": "street.onnx",
            "door": "none",
        }
        said = server.log_path.read_text()
        assert "No model for door" in said
        assert "--camera-model door=MODEL" in said
    own = ["--model", "truth", "--camera-model", "square=none", "--camera-model", "door=street"]
    with StreamlabProcess(tmp_path / "log", *cameras, *own) as server:
        assert detectors(server) == {
            "street": "ground truth",
            "square": "none",
            "door": "street.onnx",
        }
    with StreamlabProcess(tmp_path / "log", *cameras, "--model", "street") as server:
        assert set(detectors(server).values()) == {"street.onnx"}
        assert "No model" not in server.log_path.read_text()


def test_models_are_listed_and_measured(tmp_path: Path) -> None:
    bright_spot_model(tmp_path / "one_by_one.onnx")
    done = run("models", str(tmp_path), "--seconds", "0", "--provider", "cpu")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if ".onnx" in line]
    (street, one_by_one), readings = lines[:2], lines[2:]
    assert street.split()[0] == "street.onnx"
    assert re.search(r"\d+x\d+ .* MB +cpu ", street)
    assert all(float(figure) > 0 for figure in street.split()[-3:])
    assert one_by_one.split()[0] == "one_by_one.onnx"
    assert one_by_one.split()[-2:] == ["-", "-"]
    assert readings[0].startswith("street.onnx is read as end2end: the metadata say end to end")
    assert readings[1].startswith("one_by_one.onnx is read as end2end: ")


def test_models_that_are_not_there_do_not_hide_the_others(tmp_path: Path) -> None:
    done = run("models", str(tmp_path / "missing.onnx"), "--seconds", "0")
    assert done.returncode == 1
    assert "missing.onnx" in done.stderr
    assert "street.onnx" in done.stdout


def test_how_a_model_is_read_can_be_said() -> None:
    done = run("models", "street#format=end2end", "--seconds", "0")
    assert "street.onnx is read as end2end: as asked for" in done.stdout
    done = run("models", "street#format=yolov5", "street#format=yolov9", "--seconds", "0")
    assert done.returncode == 1
    assert "cannot be read as yolov5" in done.stderr
    assert "yolov5, yolov8, yolox, yolox-decoded, end2end, rtdetr" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_setting_out_of_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLAB_GOP_S", "-1")
    done = run("demo", "--no-browser", "--port", str(free_port()))
    assert done.returncode == 2
    assert "gop_s" in done.stderr


def test_an_unreachable_camera_does_not_keep_others_from_running(tmp_path: Path) -> None:
    gone = f"gone=rtsp://127.0.0.1:{free_port()}/cam"
    cameras = ["--camera", gone, "--camera", "street=synthetic://traffic"]
    with StreamlabProcess(tmp_path / "log", *cameras) as server:
        waiting = httpx.get(f"{server.url}/readyz?ready=all", timeout=60.0)
        assert waiting.status_code == 503
        assert "cannot be reached" in waiting.json()["waiting"]["gone"]
        assert "camera gone is connecting: rtsp" in server.log_path.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with StreamlabProcess(tmp_path / "log", "--camera", "street=synthetic://traffic") as server:
        server.process.send_signal(number)
        assert server.process.wait(120) == 0
        said = server.log_path.read_text()
    assert "Stopped." in said
    assert "Traceback" not in said


def probe(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["probe", *arguments])


def test_probe_says_what_a_source_is(tmp_path: Path) -> None:
    done = probe(str(videos.with_audio(tmp_path / "baseline.mp4")))
    assert done.exit_code == 0, done.output
    told = " ".join(done.stdout.split())
    for words in (
        "kind recording",
        "0: video h264 320x180, default, shown: the only video stream",
        "320x180 px, yuv420p (8 bit)",
        "square pixels, upright, progressive",
        "claims 25 fps, and delivers it",
        "every 25 pictures (1.00 s), no B-frames",
        "passthrough yes",
        "1 track (aac), not used",
        "Leaves the sound out.",
    ):
        assert words in told
    done = probe(str(videos.b_frames(tmp_path / "b.mp4")))
    assert "passthrough no: its H.264 has B-frames" in " ".join(done.stdout.split())


def test_probe_for_programs(tmp_path: Path) -> None:
    report = json.loads(probe("--json", str(videos.raw_h264(tmp_path / "a.h264", RAW))).stdout)
    assert report["source"] == str(tmp_path / "a.h264")
    assert (report["fps_claimed"], report["fps_measured"]) == (25, None)
    documented = (ROOT / "docs" / "probe.md").read_text("utf-8")
    assert [key for key in report if f"`{key}`" not in documented] == []


def test_probe_of_what_is_no_video(tmp_path: Path) -> None:
    path = str(videos.text(tmp_path / "text.mp4"))
    done = probe(path)
    assert done.exit_code == 2
    assert "not a video" in done.stderr
    for source, kind in (
        (path, "not_video"),
        (str(tmp_path / "no"), "not_found"),
        ("gopher://a/1", "invalid_source"),
    ):
        done = probe("--json", source)
        assert done.exit_code == 2
        assert json.loads(done.stdout)["error"]["type"] == kind
