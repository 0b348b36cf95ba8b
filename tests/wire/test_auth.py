"""Tokens and origins, as a client sees them."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.streamlab_process import StreamlabProcess

from .client import READ_TIMEOUT_S, Stream

SOURCE = "street=synthetic://traffic?width=160&height=90&fps=15&seed=1"
TOKEN, ADMIN_TOKEN, WRONG = "watch-0123456789", "admin-0123456789/+=", "wrong-0123456789"
OURS, THEIRS = "https://pages.example.org", "https://example.com"
STREAM = "/streams/sse/street/dual"
PROTECTED = (
    "/cameras", "/readyz", "/metrics", "/docs", "/openapi.json", "/streams/dual-channel/stats",
    "/streams/sse/mux?camera_id=street", STREAM, "/nowhere",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("auth") / "log"
    arguments = ("--camera", SOURCE, "--model", "none", "-v")
    with StreamlabProcess(
        log_path,
        *arguments,
        ready_path="/healthz",
        tokens=f"other-0123456789, {TOKEN}",
        admin_tokens=f'["{ADMIN_TOKEN}"]',
        allowed_origins=OURS,
    ) as server:
        yield server
    log = log_path.read_text()
    assert not [token for token in (TOKEN, ADMIN_TOKEN, WRONG) if token in log]


@pytest.fixture
def http(server: StreamlabProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=READ_TIMEOUT_S) as http:
        yield http


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", PROTECTED)
def test_nothing_is_told_without_a_token(http: httpx.Client, path: str) -> None:
    missing = http.get(path)
    assert missing.status_code == 401
    assert missing.headers["www-authenticate"].startswith("Bearer")
    assert missing.headers["content-type"] == "application/problem+json"
    assert "access_token" in missing.json()["hint"]
    for token in (WRONG, "wörng", TOKEN[:-1], TOKEN + "0"):
        wrong = http.get(path, headers=[(b"Authorization", f"Bearer {token}".encode())])
        assert wrong.status_code == 403
        assert wrong.json()["status"] == 403
        assert token not in wrong.text


@pytest.mark.parametrize("path", ["/", "/healthz", "/static/page.js"])
def test_the_page_itself_is_open(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 200


def test_a_token_opens_by_header_and_by_query(http: httpx.Client) -> None:
    for token in (TOKEN, ADMIN_TOKEN):
        assert http.get("/cameras", headers=bearer(token)).status_code == 200
        assert http.get("/cameras", params={"access_token": token}).status_code == 200
    assert http.get("/cameras", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401


def test_a_viewer_needs_no_more_than_a_token(server: StreamlabProcess, http: httpx.Client) -> None:
    with Stream(server.url, access_token=TOKEN, payload="url") as stream:
        stream.read_media(0.2, "raw")
        switch = {"connection_id": stream.connection_id, "new_channel": "annotated"}
        assert http.post("/streams/sse/street/switch", json=switch).status_code == 401
        answer = http.post("/streams/sse/street/switch", json=switch, headers=bearer(TOKEN))
        assert answer.status_code == 200, answer.text
        url = stream.fragments("raw")[-1].url
        media = http.get(url, headers=bearer(TOKEN))
        assert "private" in media.headers["cache-control"]
        assert http.get(url).status_code == 401


def test_changing_cameras_needs_an_admin(http: httpx.Client) -> None:
    camera = {"camera_id": "second", "source": SOURCE.partition("=")[2]}
    for token, add, remove in ((TOKEN, 403, 403), (ADMIN_TOKEN, 201, 204)):
        headers = bearer(token)
        assert http.post("/cameras", json=camera, headers=headers).status_code == add
        assert http.patch("/cameras/nobody", json={}, headers=headers).status_code in (add, 404)
        assert http.delete("/cameras/second", headers=headers).status_code == remove


def test_a_page_that_was_opened_with_a_token_can_load_the_rest(http: httpx.Client) -> None:
    page = http.get("/docs", params={"access_token": TOKEN}, headers={"Accept": "text/html"})
    cookie = page.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert http.get("/openapi.json").status_code == 200
    for method in ("POST", "DELETE"):
        assert http.request(method, "/streams/sse/street/subscribe").status_code == 401
    assert "set-cookie" not in http.get("/docs", headers=bearer(TOKEN)).headers


def test_pages_of_an_allowed_origin_can_read(http: httpx.Client) -> None:
    for origin, allowed in ((OURS, OURS), (THEIRS, None)):
        headers = {"Origin": origin}
        for answer in (
            http.get("/cameras", headers=headers | bearer(TOKEN)),
            http.get("/cameras", headers=headers),
        ):
            assert answer.headers.get("access-control-allow-origin") == allowed
    asked = {"Access-Control-Request-Method": "POST", "Origin": OURS}
    preflight = http.options("/streams/sse/street/switch", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == OURS


def test_a_stream_can_be_read_from_an_allowed_origin(server: StreamlabProcess) -> None:
    with Stream(server.url, headers={"Origin": OURS, **bearer(TOKEN)}) as stream:
        stream.read_media(0.2, "raw")
        assert stream.response.headers["access-control-allow-origin"] == OURS


def test_no_other_origin_is_allowed_unless_somebody_says_so(server_url: str) -> None:
    answer = httpx.get(f"{server_url}/cameras", headers={"Origin": OURS}, timeout=READ_TIMEOUT_S)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
