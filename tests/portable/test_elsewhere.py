"""Server, Lab and command line on a Python that lacks what only Linux has.

Windows and macOS themselves are not at hand: this shows that nothing of Linux is needed, not that
everything of theirs works.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.fakes import videos
from tests.fakes.rtsp_server import free_port
from tests.fakes.streamlab_process import StreamlabProcess
from tests.portable.linux_only import MODULES, TAKEN_AWAY
from tests.wire.client import Stream

ELSEWHERE = Path(__file__).parent / "elsewhere"
STREET = "street=synthetic://traffic?width=320&height=180&fps=10"
LIMIT_S = 100.0


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every process that a test starts run as if on another system."""
    folders = [str(ELSEWHERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")  # what a redirected console of Windows has
    monkeypatch.setenv("PYTHONUTF8", "0")


def run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=folder,
    )


def test_it_is_elsewhere() -> None:
    """Otherwise the other tests would show nothing."""
    lines = [f"import {module}" for module in TAKEN_AWAY]
    lines += [
        f"assert not hasattr({module}, {name!r}), {name!r}"
        for module, names in TAKEN_AWAY.items()
        for name in names
    ]
    lines += ["import importlib.util, sys", "for name in sys.argv[1:]:"]
    lines += ["    try: __import__(name)", "    except ModuleNotFoundError: continue"]
    lines += ["    raise AssertionError(name)"]
    done = run("-c", "\n".join(lines), *MODULES)
    assert done.returncode == 0, done.stderr.decode()


def test_a_server_serves_pictures_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    with StreamlabProcess(tmp_path / "log", "--camera", STREET) as server:
        with Stream(server.url) as stream:
            stream.read_media(1.0, "raw")
            raw = [event for event in stream.all_of("fragment") if event.data["channel"] == "raw"]
            assert len(raw) >= 10
            script = httpx.get(f"{server.url}/static/page.js", timeout=20.0)
            assert script.headers["content-type"].startswith("text/javascript")
            server.process.send_signal(signal.SIGINT)
            stream.read_to_end()
            assert stream.names()[-1] == "end"
        assert server.process.wait(LIMIT_S) == 0
    said = server.log_path.read_bytes().decode("cp1252")
    assert "Stopped." in said
    assert "Traceback" not in said


def test_ctrl_c_before_the_server_runs(tmp_path: Path) -> None:
    """No handler of ours is there yet: it is Python's KeyboardInterrupt that ends it."""
    script = """
import signal
from streamlab.cli import main
from streamlab.viewers import StreamChannelManager

async def interrupt(self, *arguments, **options):
    signal.raise_signal(signal.SIGINT)
    import asyncio
    await asyncio.get_running_loop().create_future()

StreamChannelManager.add_camera = interrupt
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
main()
"""
    done = run("-c", script, "serve", "--camera", STREET, "--port", str(free_port()))
    assert done.returncode == 0, done.stderr.decode("cp1252")
    assert b"Stopped." in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_lab_adds_a_camera_and_reads_a_frame() -> None:
    script = f"""
from streamlab import Lab
with Lab() as lab:
    cam = lab.add("{STREET.partition("=")[2]}", "street", detector="truth")
    print(cam.snapshot().annotated.shape)
    print(lab.serve())
"""
    done = run("-c", script)
    assert done.returncode == 0, done.stderr.decode("cp1252")
    assert b"(180, 320, 3)" in done.stdout
    assert b"http://127.0.0.1:" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], b"Usage"),
        (["serve", "--help"], b"webcam://0"),
        (["probe", "door.mp4"], b"320x180"),
        (["models", "--seconds", "0"], b"street.onnx"),
        (["bench", "--seconds", "1", "--model", "none"], b"This machine"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_commands(tmp_path: Path, arguments: list[str], words: bytes) -> None:
    videos.baseline(tmp_path / "door.mp4")
    done = run("-m", "streamlab", *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr.decode("cp1252")
    assert words in done.stdout


def test_text_that_the_console_cannot_show(tmp_path: Path) -> None:
    videos.baseline(tmp_path / "門.mp4")
    done = run("-m", "streamlab", "probe", "門.mp4", folder=tmp_path)
    assert done.returncode == 0, done.stderr.decode("cp1252")
    assert b"?.mp4" in done.stdout
