"""Secrets of a real server that come from files and the environment are shown nowhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from streamlab.cli import app
from tests.fakes import videos
from tests.fakes.locked_camera import LockedCamera
from tests.fakes.streamlab_process import StreamlabProcess
from tests.wire.client import Stream

NAME, PASSWORD = "zoltan", "Qw#9/x?K@v"
WATCH, DOOR, ADMIN = "watch-5c1b77a0", "door-5c1b77a0", "admin-5c1b77a0"
QUERY = "q-5c1b77a0"
SECRETS = (NAME, PASSWORD, "Qw#9", "Qw%239", WATCH, DOOR, ADMIN, QUERY)


def assert_nothing_in(text: str) -> None:
    assert not [secret for secret in SECRETS if secret in text], text


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedCamera]:
    video = videos.baseline(tmp_path_factory.mktemp("camera") / "video.mp4")
    with LockedCamera(video, f"{NAME}:{PASSWORD}") as camera:
        yield camera


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, camera: LockedCamera) -> Path:
    folder = tmp_path_factory.mktemp("etc")
    for name, text in (("password", PASSWORD), ("watch", WATCH), ("admin", ADMIN), ("door", DOOR)):
        (folder / name).write_text(f"{text}\n")
        (folder / name).chmod(0o600)
    (folder / "streamlab.toml").write_text(
        f'tokens = ["file:{folder}/watch", '
        f'{{token = "file:{folder}/door", cameras = ["door"], channels = ["raw"]}}]\n'
        f'[credentials."{camera.host}"]\nusername = "{NAME}"\npassword = "file:{folder}/password"\n'
        f'[[cameras]]\nname = "yard"\nsource = "http://{camera.host}/cam"\n'
        f'username = "{NAME}"\npassword = "file:{folder}/password"\nquery.t = "env:CAM_QUERY"\n'
        f'[[cameras]]\nname = "door"\nsource = "http://{camera.host}/cam"\n'
    )
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("given") / "log"
    arguments = ("--config", str(folder / "streamlab.toml"), "--model", "none", "-v")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CAM_QUERY", QUERY)
        with StreamlabProcess(
            log_path, *arguments, ready_path="/healthz", admin_tokens=f"file:{folder}/admin"
        ) as server:
            yield server
    log = log_path.read_text()
    assert "Traceback" not in log
    assert_nothing_in(log)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def command_lines(pid: int) -> Iterator[str]:
    """Yield the command line of a process and of all that it has started."""
    yield Path(f"/proc/{pid}/cmdline").read_text()
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from command_lines(int(child))


def test_they_work_and_are_in_no_answer(server: StreamlabProcess, camera: LockedCamera) -> None:
    with httpx.Client(base_url=server.url, timeout=60.0) as http:
        for name, token in (("yard", WATCH), ("door", WATCH), ("door", DOOR)):
            with Stream(server.url, f"/streams/sse/{name}/dual", access_token=token) as stream:
                stream.read_media(0.2, "raw")
                assert_nothing_in(json.dumps([event.data for event in stream.log]))
        answers = [http.get("/cameras", headers=bearer(token)) for token in (WATCH, DOOR, ADMIN)]
        assert [len(each.json()["cameras"]) for each in answers] == [2, 1, 2]
        paths = ("/openapi.json", "/docs", "/metrics", "/readyz", "/streams/dual-channel/stats")
        answers += [http.get(path, headers=bearer(ADMIN)) for path in paths]
        answers.append(http.get("/cameras", headers=bearer("wrong-5c1b77a0")))
        body = {"camera_id": "other", "source": f"http://{camera.host}/cam"}
        refused = http.post("/cameras", json=body, headers=bearer(ADMIN))
        assert refused.status_code == 403, "the kind is not allowed, whatever is known of the host"
    assert any(f"t={QUERY}" in path for path in camera.paths)
    for answer in (*answers, refused):
        assert_nothing_in(answer.text + str(answer.headers))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_no_list_of_processes_shows_one(server: StreamlabProcess) -> None:
    lines = list(command_lines(server.process.pid))
    assert "serve" in lines[0]
    for line in lines:
        assert_nothing_in(line)


def test_commands_take_them_without_an_argument(
    server: StreamlabProcess,
    folder: Path,
    camera: LockedCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 0, done.output
        assert_nothing_in(done.output)
        assert "list of processes" not in done.output
        return done.output

    monkeypatch.chdir(folder)
    monkeypatch.setenv("CAM_QUERY", QUERY)
    assert camera.host in run("probe", f"http://{camera.host}/cam")
    watch = ("watch", server.url, "door", "--channels", "raw", "--seconds", "1")
    run(*watch, "--token", f"file:{folder}/door")
    monkeypatch.setenv("STREAMLAB_TOKEN", DOOR)
    run(*watch)
    monkeypatch.setenv("STREAMLAB_TOKEN", f"file:{folder}/door")
    run(*watch)
    monkeypatch.setenv("SERVER", server.url)
    run("watch", "env:SERVER", *watch[2:])


@pytest.mark.parametrize(
    "arguments",
    [
        ("watch", "http://127.0.0.1:1", "--token", WATCH),
        ("watch", f"http://{NAME}:{WATCH}@127.0.0.1:1"),
        ("record-trace", "door", "--url", f"http://{NAME}:{WATCH}@127.0.0.1:1", "--out", "t.pq"),
        ("probe", f"rtsp://{NAME}:{WATCH}@127.0.0.1:1/x"),
        ("serve", "--camera", f"a=rtsp://{NAME}:{WATCH}@127.0.0.1:1/x", "--camera", "b"),
    ],
)
def test_one_that_is_an_argument_gets_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code != 0
    assert_nothing_in(done.output)
    assert "other users of this machine can read it in the list of processes" in done.output


@pytest.mark.parametrize("value", ["file:nowhere", "env:NOT_SET", "file:empty"])
def test_one_that_cannot_be_read_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").touch()
    for arguments in (("watch", "http://127.0.0.1:1", "--token", value), ("watch", value)):
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 2
        assert value.partition(":")[2] in done.output.replace("\n", "")


@pytest.mark.parametrize("command", ["serve", "watch", "record-trace", "probe"])
def test_help_says_what_is_safer(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", **os.environ})
    assert "file:PATH" in done.output or "streamlab.toml" in done.output
