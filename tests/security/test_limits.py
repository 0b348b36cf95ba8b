"""What one client may use of a server: bodies, requests at once, reservations, cameras."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamlab.errors import LimitError, ServerFullError
from streamlab.media.spec import SourcePolicy
from streamlab.server.app import create_app
from streamlab.server.clients import client_of
from streamlab.server.in_flight import Deadline, InFlightLimit, allow_more_time
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from streamlab.viewers.additions import Additions
from streamlab.viewers.subscriptions import RESERVATIONS_OF_CLIENT
from tests.fakes.streamlab_process import StreamlabProcess
from tests.viewers.still_camera import StillCamera
from tests.viewers.virtual import VirtualTime

from .asking import OWN, Headers, app, ask

JSON: Headers = [*OWN, ("Content-Type", "application/json")]
SOURCE = "synthetic://traffic?width=160&height=90&fps=5"
MAX_BODY, LIMIT, PER_MINUTE = 1000, 4, 3
MARK = "mark-0123456789"


# -- bodies


@pytest.mark.parametrize("declared", [MAX_BODY + 1, 10**9, 10**30])
def test_a_body_that_is_declared_too_large_is_not_read(declared: int) -> None:
    headers = [*JSON, ("Content-Length", str(declared))]
    for method in ("POST", "PATCH", "DELETE", "GET"):
        status, body, taken = ask(app(), method, "/cameras", headers, [b"x"] * 9)
        assert (status, taken) == (413, 0)
        assert b"max_body_bytes" in body


def test_a_body_is_counted_while_it_arrives() -> None:
    chunked = [*JSON, ("Transfer-Encoding", "chunked")]
    status, _, taken = ask(app(), "POST", "/cameras", chunked, [b" " * 100] * 1000)
    assert status == 413
    assert taken == MAX_BODY + 100
    status, _, _ = ask(app(), "POST", "/cameras", chunked, [b" " * 100] * 9 + [b"{}"])
    assert status == 422


@pytest.mark.parametrize(
    "body",
    [
        {"camera_id": MARK},
        {"camera_id": f"{MARK} {MARK}", "source": SOURCE},
        {"camera_id": "a", "source": SOURCE, "quality": MARK, MARK: MARK},
        {"camera_id": [MARK], "source": {MARK: MARK}, "classes": MARK},
        {"camera_id": "a", "source": SOURCE, "rtsp_transport": MARK, "query": {MARK: 1}},
        MARK,
        [MARK],
    ],
)
def test_a_refusal_of_values_does_not_repeat_them(body: object) -> None:
    content = httpx.Request("POST", "http://a", json=body).content
    headers = [*JSON, ("Content-Length", str(len(content)))]
    status, answer, _ = ask(app(), "POST", "/cameras", headers, [content])
    assert status == 422
    assert MARK.encode() not in answer


def test_a_refusal_of_names_does_not_repeat_them() -> None:
    names = (f"{MARK}_", MARK.upper(), f"raw,{MARK}", "x" * 2000)

    async def scenario() -> None:
        manager = StreamChannelManager(Settings(allowed_hosts=["test"]))
        camera = StillCamera()
        manager._cameras[camera.camera_id] = camera
        transport = httpx.ASGITransport(create_app(manager, SourcePolicy(frozenset())))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            url = "/streams/sse/yard"
            for name in names:
                view = {"initial_channel": name}
                for answer in (
                    await http.get(f"{url}/dual", params=view),
                    await http.get("/streams/sse/mux", params=view | {"camera_id": "yard"}),
                    await http.post(f"{url}/subscribe", json={"channel_type": f"{name[:30]}0"}),
                ):
                    assert answer.status_code == 422
                    assert not [each for each in (MARK, "xxx") if each in answer.text.lower()]
                    assert "annotated" in answer.text

    asyncio.run(scenario())


# -- requests at once, and their time


def test_more_requests_than_the_limit_are_refused_but_health_is_answered() -> None:
    async def scenario() -> list[int]:
        statuses: list[int] = []
        go_on = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] != "/healthz":
                await go_on.wait()
            await send({"type": "http.response.start", "status": 200})

        async def send(message: Any) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        limited = InFlightLimit(slow, 2)
        scopes = [{"type": "http", "path": "/slow"}, {"type": "websocket", "path": "/slow"}]
        running = [asyncio.create_task(limited(each, receive, send)) for each in scopes]
        await asyncio.sleep(0)
        await limited({"type": "http", "path": "/slow"}, receive, send)
        await limited({"type": "http", "path": "/healthz"}, receive, send)
        go_on.set()
        await asyncio.gather(*running)
        await limited({"type": "http", "path": "/slow"}, receive, send)
        return statuses

    assert asyncio.run(scenario()) == [503, 200, 200, 200, 200]


async def receive() -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("kind", "more_s", "over"),
    [("", 0, True), ("text/event-stream; charset=utf-8", 0, False), ("", 1000, False)],
)
def test_a_request_is_over_in_time_unless_it_is_a_stream(
    kind: str, more_s: float, over: bool
) -> None:
    async def endpoint(scope: Any, receive: Any, send: Any) -> None:
        if kind:
            headers = [(b"content-type", kind.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        allow_more_time(scope, more_s)
        await asyncio.sleep(100)
        if not kind:
            await send({"type": "http.response.start", "status": 200, "headers": []})

    async def scenario() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await Deadline(endpoint, 60)({"type": "http"}, receive, send)
        return sent

    assert VirtualTime().run(scenario)[0]["status"] == (503 if over else 200)


# -- reservations and cameras


def viewers(max_connections: int) -> ChannelSubscriptionManager:
    return ChannelSubscriptionManager(
        StreamChannelManager(Settings(max_connections=max_connections))
    )


def test_a_client_reserves_a_few_connections_and_all_clients_half_of_them() -> None:
    async def scenario() -> None:
        camera, all_of_them = StillCamera(), viewers(100)
        for _ in range(RESERVATIONS_OF_CLIENT):
            last = all_of_them.reserve(camera, client="a")
        with pytest.raises(LimitError, match="too many connections are reserved"):
            all_of_them.reserve(camera, client="a")
        all_of_them.claim(camera, last.connection_id)
        all_of_them.reserve(camera, client="a")
        for number in range(50 - RESERVATIONS_OF_CLIENT):
            all_of_them.reserve(camera, client=str(number))
        with pytest.raises(LimitError, match="too many connections are reserved"):
            all_of_them.reserve(camera, client="another")
        for _ in range(49):
            all_of_them.open(camera, [])
        with pytest.raises(ServerFullError):
            all_of_them.open(camera, [])

    VirtualTime().run(scenario)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("unix", "unix", True),
    ],
)
def test_clients_are_told_apart_by_what_they_cannot_choose(
    first: str, second: str, same: bool
) -> None:
    one, other = (client_of({"client": (host, 1)}) for host in (first, second))
    assert (one == other) is same
    assert client_of({"client": None}) == ""


def test_cameras_are_added_at_a_bounded_rate() -> None:
    virtual = VirtualTime()
    with virtual.installed():
        additions = Additions(6)
        for _ in range(6):
            additions.admit()
        with pytest.raises(LimitError, match="within a minute") as refused:
            additions.admit()
        assert "10 s" in refused.value.hint
        virtual.now_ns += 10 * 10**9
        additions.admit()
        with pytest.raises(LimitError):
            additions.admit()


# -- a running server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("limits") / "log"
    with StreamlabProcess(
        log_path,
        *("--camera", f"street={SOURCE}", "--model", "none"),
        max_connections=LIMIT,
        max_cameras_per_minute=PER_MINUTE,
    ) as server:
        yield server


def test_a_full_server_says_so_and_is_healthy(server: StreamlabProcess) -> None:
    url = f"{server.url}/streams/sse/street/dual"
    with httpx.Client(timeout=60) as http, ExitStack() as opened:
        for _ in range(500):  # more than may wait
            silent = socket.create_connection(("127.0.0.1", server.port), timeout=60)
            opened.callback(silent.close)
        for _ in range(LIMIT):
            assert opened.enter_context(http.stream("GET", url)).status_code == 200
        full = http.get(url)
        assert full.status_code == 503
        assert int(full.headers["retry-after"]) > 0
        assert full.headers["content-type"] == "application/problem+json"
        assert http.get(f"{server.url}/healthz").status_code == 200


def test_a_client_cannot_reserve_every_place(server: StreamlabProcess) -> None:
    url = f"{server.url}/streams/sse/street"
    with httpx.Client(timeout=60) as http:
        answers = [
            http.post(f"{url}/subscribe", json={"channel_type": "raw"}) for _ in range(LIMIT)
        ]
        assert [each.status_code for each in answers] == [200, 200, 429, 429]
        assert int(answers[-1].headers["retry-after"]) > 0
        with http.stream("GET", f"{url}/dual") as stream:
            assert stream.status_code == 200


def test_a_client_cannot_add_camera_after_camera(server: StreamlabProcess) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        statuses = []
        for number in range(PER_MINUTE + 3):
            body = {"camera_id": f"c{number}", "source": SOURCE, "keep": True}
            answer = http.post("/cameras", json=body)
            statuses.append(answer.status_code)
            http.delete(f"/cameras/c{number}")
    assert statuses[:PER_MINUTE] == [202] * PER_MINUTE
    assert 429 in statuses
    assert int(answer.headers.get("retry-after", "1")) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_huge_body_takes_little_memory(server: StreamlabProcess) -> None:
    part, count = b" " * 1_000_000, 200

    def peak_kb() -> int:
        text = Path(f"/proc/{server.process.pid}/status").read_text()
        return int(text.split("VmHWM:")[1].split()[0])

    headers = {"Content-Type": "application/json"}
    before = peak_kb()
    for content in (iter([part] * count), part * count):
        answer = httpx.post(f"{server.url}/cameras", content=content, headers=headers, timeout=60)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
    assert (peak_kb() - before) * 1000 < len(part) * count / 10
