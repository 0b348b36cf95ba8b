"""A camera that redacts, as clients with and without the right `unredacted` see it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.streamlab_process import StreamlabProcess

from .client import READ_TIMEOUT_S, Stream

SOURCE = "street=synthetic://traffic?width=160&height=90&fps=15&seed=1"
TOKEN, RIGHT = "watch-0123456789", "right-0123456789"
ADMIN = "admin-0123456789"
STREAM = "/streams/sse/street"
REFUSED = (
    f"{STREAM}/dual?initial_channel=raw", f"{STREAM}/dual?initial_channel=both",
    f"{STREAM}/dual", f"{STREAM}/dual?raw_quality=source",
    "/streams/sse/mux?camera_id=street&initial_channel=raw",
    "/streams/street/raw/medium/1.m4s", "/streams/street/raw/source/1.m4s",
    "/streams/street/raw/medium/init-abc.mp4", "/cameras/street/trace?seconds=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("redaction") / "log"
    arguments = ("--camera", SOURCE, "--model", "truth", "--redact", "pixelate")
    with StreamlabProcess(
        log_path,
        *arguments,
        ready_path="/healthz",
        tokens=TOKEN,
        admin_tokens=ADMIN,
        unredacted_tokens=RIGHT,
    ) as server:
        yield server


def http(server: StreamlabProcess, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=server.url, timeout=READ_TIMEOUT_S, headers=headers)


def watch(server: StreamlabProcess, view: str, token: str) -> Stream:
    return Stream(server.url, initial_channel=view, access_token=token, payload="url")


@pytest.mark.parametrize("path", REFUSED)
def test_without_the_right_nothing_unredacted_is_given(server: StreamlabProcess, path: str) -> None:
    for token in (TOKEN, ADMIN):
        with http(server, token) as client, client.stream("GET", path) as answer:
            assert answer.status_code == 403
            assert answer.headers["content-type"] == "application/problem+json"
            answer.read()
            assert "unredacted_tokens" in answer.json()["hint"]


def test_the_redacted_channel_is_for_all(server: StreamlabProcess) -> None:
    with watch(server, "annotated", TOKEN) as stream, http(server, TOKEN) as client:
        stream.read_media(0.5, "annotated")
        health = next(each for each in stream.all_of("health") if each.data["channel"] != "raw")
        assert health.data["renderer"]["name"] == "pixelate"
        assert health.data["renderer"]["redacts"] is True
        assert client.get(stream.fragments("annotated")[-1].url).status_code == 200
        switch = {"connection_id": stream.connection_id, "new_channel": "raw"}
        assert client.post(f"{STREAM}/switch", json=switch).status_code == 403
        for channel, status in (("raw", 403), ("detections", 200)):
            body = {"connection_id": stream.connection_id, "channel_type": channel}
            assert client.post(f"{STREAM}/subscribe", json=body).status_code == status
        stream.read_until(lambda event: event.name == "detections")
        assert not stream.fragments("raw")
        cameras = client.get("/cameras").json()["cameras"]
        assert cameras[0]["channels"][1]["renderer"]["redacts"] is True


def test_the_right_opens_raw(server: StreamlabProcess) -> None:
    with watch(server, "both", RIGHT) as stream, http(server, TOKEN) as client:
        stream.read_media(0.2, "raw", "annotated")
        url = stream.fragments("raw")[-1].url
        assert client.get(url).status_code == 403
        # nor does somebody else's connection help
        switch = {"connection_id": stream.connection_id, "new_channel": "raw"}
        assert client.post(f"{STREAM}/switch", json=switch).status_code == 403
        with http(server, RIGHT) as allowed:
            assert allowed.get(url).status_code == 200


def test_the_dashboard_needs_the_right(server: StreamlabProcess) -> None:
    with http(server, ADMIN) as client:
        refused = client.get("/dashboard/")
        assert refused.status_code == 403
        assert "unredacted" in refused.json()["detail"]
