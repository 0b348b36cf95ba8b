"""No credential of a source leaves the process: not in logs, answers, events, metrics or names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from typer.testing import CliRunner

from streamlab.cli import app
from streamlab.errors import SourceError
from streamlab.media.spec import SourceSpec
from tests.fakes import videos
from tests.fakes.locked_camera import LockedCamera
from tests.fakes.rtsp_server import free_port
from tests.fakes.streamlab_process import StreamlabProcess

from .client import Stream

NAME, PASSWORD, TOKEN = "zoltan", "Qw#9/x?K@v", "tk-5c1b77"
SECRETS = (NAME, PASSWORD, "Qw#9", "x?K@v", "Qw%239", TOKEN)
GONE = free_port()
REFUSED = (
    "http://{user}@{host}/code/403?token={token}",
    "http://{host}/code/451?user={name}&pwd={password}",
    "http://{user}@{host}/code/500?a=1&X-Amz-Signature={token}",
    "http://{name}:wrong-{token}@{host}/cam",
    "rtsp://{user}@127.0.0.1:{gone}/stream?access_token={token}",
    "rtsp://{user}/stream",
    "http://{user}@cam.example/a@b?token={token}",
    "rtsp:{user}@127.0.0.1:{gone}/stream",
    "{user}@127.0.0.1/stream",
    "gopher://{user}@127.0.0.1/stream",
    "synthetic://{user}@traffic?token={token}",
)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedCamera]:
    video = videos.baseline(tmp_path_factory.mktemp("camera") / "video.mp4")
    with LockedCamera(video, f"{NAME}:{PASSWORD}") as camera:
        yield camera


def filled(form: str, camera: LockedCamera) -> str:
    user = f"{NAME}:{PASSWORD}"
    return form.format(
        user=user, name=NAME, password=PASSWORD, token=TOKEN, host=camera.host, gone=GONE
    )


def assert_nothing_in(text: str) -> None:
    assert not [secret for secret in SECRETS if secret in text], text


def cli(*arguments: str) -> tuple[int, str]:
    """Run a command in this process; return its exit code and what it said."""
    done = CliRunner().invoke(app, list(arguments))
    assert_nothing_in(done.output)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


def test_a_password_with_every_separator_opens_the_camera(camera: LockedCamera) -> None:
    code, said = cli("probe", filled("http://{user}@{host}/cam?token={token}", camera))
    assert code == 0, said
    assert f"http://{camera.host}/cam?token=***" in said
    assert camera.paths[-1].endswith(TOKEN)


@pytest.mark.parametrize("form", REFUSED)
def test_commands_show_none(camera: LockedCamera, form: str) -> None:
    source = filled(form, camera)
    assert cli("probe", source)[0] != 0
    try:
        SourceSpec.parse(source)
    except SourceError:
        arguments = ("serve", "--port", str(free_port()), "--camera", f"yard={source}")
        assert cli(*arguments)[0] == 2


def test_wrong_arguments_are_not_quoted(camera: LockedCamera) -> None:
    source = filled("http://{user}@{host}/cam?token={token}", camera)
    for arguments in (
        ("serve", source),
        ("serve", "--camera", source),
        ("serve", "--camera", f"yard={source}", "--fault", source),
        ("serve", "--camera", f"yard={source}", "--camera-model", source),
        ("probe", "rtsp://jane:x", f"{PASSWORD}@{camera.host}"),
        ("serve", f"--camra={source}"),
        (source,),
        ("watch", source, "--seconds", "1"),
        ("watch", source.partition("//")[2], "--seconds", "1"),
        ("record-trace", "yard", "--url", source, "--out", "/nowhere/trace.parquet"),
    ):
        assert cli(*arguments)[0] != 0


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "401 Unauthorized"),
        (403, "403 Forbidden"),
        (404, "404 Not Found"),
        (405, "405 Method Not Allowed"),
        (451, "451 Unavailable For Legal Reasons"),
        (503, "503 Service Unavailable"),
    ],
)
def test_a_refusal_is_named(camera: LockedCamera, status: int, words: str) -> None:
    code, said = cli("probe", f"http://{camera.host}/code/{status}")
    assert code == 2
    assert f"cannot open http://{camera.host}/code/{status}: {words}" in said


def test_a_server_shows_none(camera: LockedCamera, tmp_path: Path) -> None:
    log_path = tmp_path / "log"
    source = filled("http://{user}@{host}/cam?token={token}", camera)
    arguments = ["-v", "--model", "none", "--allow-scheme", "http", "--allow-scheme", "rtsp"]
    gone = filled("rtsp://{user}@127.0.0.1:{gone}/x?token={token}", camera)
    arguments += ["--camera", f"yard={source}", "--camera", f"gone={gone}"]
    for number, form in enumerate(REFUSED):
        arguments += ["--camera", f"refused{number}={filled(form, camera)}"]
    answers = []
    with (
        StreamlabProcess(log_path, *arguments) as server,
        httpx.Client(base_url=server.url, timeout=60.0) as http,
    ):
        for form in REFUSED:
            other = filled(form, camera)
            bodies = [
                {"camera_id": "other", "source": other},
                {"camera_id": other, "source": "synthetic://traffic"},
                {"camera_id": 1, "source": [other]},
                {"source": other},
                other,
            ]
            for body in bodies:
                response = http.post("/cameras", json=body)
                assert response.is_error
                answers.append(response)
        answers.append(http.post("/cameras", content=b"{" + source.encode()))
        answers.append(http.delete(f"/cameras/{quote(source, safe='')}"))
        twice = http.post("/cameras", json={"camera_id": "shed", "source": source})
        answers.append(twice)
        assert twice.status_code == 201
        paths = ("/cameras", "/metrics", "/readyz", "/streams/dual-channel/stats", "/docs")
        answers += [http.get(path, params={"access_token": TOKEN}) for path in paths]
        for camera_id in ("yard", "shed"):
            with Stream(server.url, f"/streams/sse/{camera_id}/dual") as stream:
                stream.read_media(0.2, "raw")
                events = json.dumps([event.data for event in stream.log])
            assert_nothing_in(events)
        listed = {each["camera_id"]: each for each in http.get("/cameras").json()["cameras"]}
        assert listed["yard"]["source"] == f"http://{camera.host}/cam?token=***"
        trace = http.get("/cameras/yard/trace", params={"seconds": 1})
        assert trace.status_code == 200
    for answer in answers:
        assert_nothing_in(answer.text + str(answer.headers))
    assert_nothing_in(trace.content.decode("latin-1") + str(trace.headers))
    log = log_path.read_text()
    assert f"http://{camera.host}/cam?token=***" in log
    assert_nothing_in(log)
