"""Every bad request gets an RFC 9457 problem, and no stream notices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes import videos
from tests.fakes.rtsp_server import free_port

from .client import READ_TIMEOUT_S, Control, Stream
from .watcher import Watcher

STREAM = "/streams/sse/street/dual"


@pytest.fixture(scope="module")
def watcher(server_url: str) -> Iterator[Watcher]:
    with Watcher(server_url) as watcher:
        yield watcher


@pytest.fixture(autouse=True)
def _street_goes_on(watcher: Watcher) -> Iterator[None]:
    yield
    watcher.assert_goes_on()


@pytest.fixture
def http(server_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server_url, timeout=READ_TIMEOUT_S) as http:
        yield http


@pytest.fixture(scope="module")
def connection(server_url: str) -> Iterator[Stream]:
    with Stream(server_url) as stream:
        yield stream


def problem(response: httpx.Response, *statuses: int) -> dict[str, Any]:
    """Check the members of RFC 9457 and return the problem."""
    assert response.status_code in statuses, response.text
    assert response.headers["content-type"].split(";")[0] == "application/problem+json"
    value = response.json()
    assert isinstance(value, dict)
    assert value["status"] == response.status_code
    for member in ("type", "title", "detail"):
        assert isinstance(value[member], str), member
        assert value[member], member
    return value


def camera_ids(http: httpx.Client) -> list[str]:
    return [camera["camera_id"] for camera in http.get("/cameras").json()["cameras"]]


def test_unknown_camera_names_the_known_ones(http: httpx.Client, server_url: str) -> None:
    for response in (
        http.get("/streams/sse/nowhere/dual"),
        Control(server_url, "nowhere").subscribe("raw"),
        http.delete("/cameras/nowhere"),
    ):
        assert "street" in str(problem(response, 404))


def test_unknown_connection(http: httpx.Client, control: Control) -> None:
    for response in (
        control.switch("no-such-connection", "raw"),
        control.subscribe("raw", connection_id="no-such-connection"),
        control.unsubscribe("no-such-connection", "raw"),
        http.get(STREAM, params={"connection_id": "no-such-connection"}),
    ):
        problem(response, 404)


def test_unknown_stream(http: httpx.Client) -> None:
    problem(http.get("/streams/sse/street/sync-stats", params={"stream_id": "none"}), 404)


@pytest.mark.parametrize(
    ("query", "allowed"),
    [
        ({"initial_channel": "infrared"}, ("raw", "annotated", "both")),
        ({"raw_quality": "best"}, ("low", "medium", "high", "source")),
        ({"annotated_quality": "source"}, ("low", "medium", "high")),
        ({"payload": "pigeon"}, ("inline", "url")),
    ],
)
def test_bad_query_is_told_what_is_allowed(
    http: httpx.Client, query: dict[str, str], allowed: tuple[str, ...]
) -> None:
    told = str(problem(http.get(STREAM, params=query), 422))
    assert all(value in told for value in (*query, *allowed))


def test_bad_switch_is_told_what_is_allowed(connection: Stream, control: Control) -> None:
    told = str(problem(control.switch(connection.connection_id, "infrared"), 422))
    assert all(value in told for value in ("new_channel", "raw", "annotated"))
    told = str(problem(control.switch(connection.connection_id, "raw", "best"), 422))
    assert all(value in told for value in ("quality", "low", "medium", "high"))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"new_channel": 1}'])
def test_bad_body_is_a_problem(http: httpx.Client, content: str) -> None:
    headers = {"content-type": "application/json"}
    for path in ("/streams/sse/street/switch", "/streams/sse/street/subscribe", "/cameras"):
        problem(http.post(path, content=content, headers=headers), 400, 422)


def test_camera_id_can_be_taken_once(http: httpx.Client) -> None:
    body = {"camera_id": "street", "source": "synthetic://traffic"}
    assert "street" in problem(http.post("/cameras", json=body), 409)["detail"]


@pytest.mark.parametrize("camera_id", ["", "a/b", "..", "a b\n"])
def test_camera_id_must_fit_in_a_path(http: httpx.Client, camera_id: str) -> None:
    body = {"camera_id": camera_id, "source": "synthetic://traffic"}
    problem(http.post("/cameras", json=body), 422)


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "concat:/etc/passwd|/etc/hosts",
        "subfile,,start,0,end,0,,:/etc/passwd",
        "data:text/plain,hello",
        "pipe:0",
        "http://127.0.0.1:1/",
        "HTTP://127.0.0.1:1/",
        "gopher://127.0.0.1:1/",
        "",
    ],
)
def test_source_that_is_not_allowed_is_not_opened(http: httpx.Client, source: str) -> None:
    problem(http.post("/cameras", json={"camera_id": "sly", "source": source}), 403, 422)
    assert "sly" not in camera_ids(http)


@pytest.mark.parametrize("way", ["plain", "file url", "dots", "symlink", "symlinked folder"])
def test_good_video_outside_the_folder_is_not_opened(
    http: httpx.Client, video_folder: Path, tmp_path: Path, way: str
) -> None:
    video = videos.baseline(tmp_path / "outside.mp4")
    link = video_folder / f"link-{way.replace(' ', '-')}"
    source = {
        "plain": str(video),
        "file url": video.as_uri(),
        "dots": f"{video_folder}/{'../' * len(video_folder.parts)}{video.relative_to('/')}",
        "symlink": str(link),
        "symlinked folder": str(link / video.name),
    }[way]
    if way.startswith("symlink"):
        link.symlink_to(video if way == "symlink" else video.parent)
    assert Path(source).resolve() == video or way == "file url"
    problem(http.post("/cameras", json={"camera_id": "sly", "source": source}), 403, 422)
    assert "sly" not in camera_ids(http)


def test_files_that_are_no_video_cannot_be_cameras(http: httpx.Client, video_folder: Path) -> None:
    for path in (
        video_folder / "missing.mp4",
        video_folder,
        videos.text(video_folder / "text.mp4"),
        videos.truncated(video_folder / "truncated.mp4"),
        videos.audio_only(video_folder / "audio.m4a"),
    ):
        response = http.post("/cameras", json={"camera_id": "bad", "source": str(path)})
        assert path.name in str(problem(response, 422, 503))
        assert "bad" not in camera_ids(http)


def test_address_that_does_not_answer(http: httpx.Client) -> None:
    source = f"rtsp://somebody:topsecret@127.0.0.1:{free_port()}/cam"
    response = http.post("/cameras", json={"camera_id": "bad", "source": source})
    problem(response, 503)
    assert "topsecret" not in response.text
    assert "bad" not in camera_ids(http)


def test_video_that_breaks_off_harms_only_itself(
    http: httpx.Client, video_folder: Path, server_url: str, watcher: Watcher
) -> None:
    path = videos.truncated_after_index(video_folder / "breaks.mp4")
    response = http.post("/cameras", json={"camera_id": "breaks", "source": str(path)})
    if response.status_code >= 400:
        problem(response, 422, 503)
        return
    with Stream(server_url, "/streams/sse/breaks/dual") as stream:
        stream.read_media(0.5, "raw")
    watcher.assert_goes_on(60)
    assert http.delete("/cameras/breaks").status_code in (200, 204)


def test_no_such_page(http: httpx.Client) -> None:
    problem(http.get("/no/such/page"), 404)
