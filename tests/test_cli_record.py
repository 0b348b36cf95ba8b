"""``streamlab record-trace`` as a person uses it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streamlab.analysis import read_trace
from streamlab.cli import app
from tests.fakes.rtsp_server import free_port
from tests.fakes.streamlab_process import StreamlabProcess

TINY = "synthetic://traffic?width=160&height=90"
TIMEOUT_S = 300.0
TOKEN = "watch-0123456789"


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "streamlab", "record-trace", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["record-trace", *map(str, arguments)])


def test_a_source_is_recorded_and_a_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "tiny.parquet"
    path.write_text("precious")
    arguments = (TINY, "--model", "truth", "--seconds", "2", "--out", path)
    done = run(*arguments)
    assert done.exit_code == 1
    assert "already exists" in done.stderr
    assert "--force" in done.stderr
    assert path.read_text() == "precious"
    done = run(*arguments, "--force")
    assert done.exit_code == 0, done.stderr
    table = read_trace(path)
    assert len(table) > 0
    assert f"{len(table)} frames" in done.stdout
    assert table.attrs["about"]["source"] == TINY
    assert [file.name for file in tmp_path.iterdir()] == ["tiny.parquet"]


def test_ctrl_c_keeps_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "tiny.parquet"
    with start(TINY, "--model", "truth", "--seconds", "600", "--out", path) as process:
        assert process.stderr is not None
        while "Recording" not in process.stderr.readline():
            assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3.0)  # frames, which are not told of
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, complained
    assert "Stopped early" in complained
    assert f"{len(read_trace(path))} frames" in said


def test_a_camera_of_a_server_is_recorded(server_url: str, tmp_path: Path) -> None:
    path = tmp_path / "street.parquet"
    done = run("street", "--url", server_url, "--seconds", "1", "--out", path)
    assert done.exit_code == 0, done.stderr
    table = read_trace(path)
    assert f"{len(table)} frames" in done.stdout
    assert table.attrs["about"]["camera_id"] == "street"
    done = run("stret", "--url", server_url, "--out", tmp_path / "stret.parquet")
    assert done.exit_code == 1
    assert "no camera 'stret'" in done.stderr
    assert "Known cameras: street" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["street.parquet"]


def test_what_cannot_be_recorded(tmp_path: Path) -> None:
    out = ("--out", tmp_path / "t.parquet")
    nobody = f"http://127.0.0.1:{free_port()}"
    wrong: list[tuple[tuple[str | Path, ...], str]] = [
        (("missing.mp4", *out), "add --url"),
        ((TINY, "--model", "missing.onnx", *out), "missing.onnx"),
        ((TINY, "--out", tmp_path / "nowhere" / "t.parquet"), "No such file or directory"),
        ((TINY, "--out", tmp_path), "is not a file"),
        ((TINY, "--out", "/dev/null", "--force"), "is not a file"),
        (("street", "--url", nobody, *out), "does not answer"),
        (("street", "--url", "localhost", *out), "is not a server URL"),
        ((TINY, "--url", nobody, *out), "is not a camera id"),
        (("street", "--url", nobody, "--model", "truth", *out), "cannot be combined with --url"),
    ]
    for arguments, words in wrong:
        done = run(*arguments)
        assert done.exit_code == 1, arguments
        assert words in done.stderr
        assert not done.stdout
    assert not list(tmp_path.iterdir())


def test_its_options_have_bounds(tmp_path: Path) -> None:
    done = run(TINY, "--seconds", "0", "--out", tmp_path / "t.parquet")
    assert done.exit_code == 2
    assert "--seconds" in done.stderr


def test_help_teaches() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for words in ("--url", "--seconds", "--out", "Parquet"):
        assert words in done.stdout


def test_a_server_that_wants_a_token_is_given_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, arguments = tmp_path / "street.parquet", ["--camera", f"street={TINY}"]
    server = StreamlabProcess(tmp_path / "log", *arguments, ready_path="/healthz", tokens=TOKEN)
    with server:
        asked = ("street", "--url", server.url, "--seconds", "1", "--out", path)
        refused = run(*asked)
        monkeypatch.setenv("STREAMLAB_TOKEN", TOKEN)
        done = run(*asked)
    assert refused.exit_code == 1
    assert "token" in refused.stderr
    assert done.exit_code == 0, done.stderr
    assert len(read_trace(path)) > 0
