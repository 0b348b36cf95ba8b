"""What one client holds of a server, and how a burst of requests is spread over time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.core.time.timebase import NS_PER_S
from streamlab.errors import LimitError, ServerFullError
from streamlab.server.clients import limited_client_of
from streamlab.server.in_flight import InFlightLimit
from streamlab.server.places import (
    MAX_HELD,
    MAX_PAGES,
    MESSAGE_BYTES,
    MESSAGES_AT_ONCE,
    MESSAGES_PER_S,
    HeldPlaces,
    Pace,
    Places,
)
from streamlab.server.prefix import ForwardedHeaders
from streamlab.settings import Settings
from streamlab.viewers import ChannelSubscriptionManager, StreamChannelManager
from tests.fakes.streamlab_process import StreamlabProcess
from tests.viewers.still_camera import StillCamera
from tests.viewers.virtual import VirtualTime

SOURCE = "synthetic://traffic?width=160&height=90&fps=5"
LIMIT = 4
STRANGER, NEIGHBOUR = "203.0.113.7", "2001:db8:0:1::1"


def test_all_clients_hold_so_many_places_and_one_of_them_half() -> None:
    places = Places("places", 5)
    for _ in range(3):
        places.take("a")
    with pytest.raises(LimitError, match="3 places already"):
        places.take("a")
    places.take("b")
    places.give_back("a")
    for _ in range(2):
        places.take("")
    with pytest.raises(ServerFullError):
        places.take("c")
    with pytest.raises(ServerFullError):
        places.take("")
    places.give_back("b")
    places.take("a")


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("127.0.0.1", ""),
        ("127.9.9.9", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        (STRANGER, STRANGER),
        (NEIGHBOUR, "2001:db8:0:1::/64"),
    ],
)
def test_clients_of_this_machine_have_no_limit_of_their_own(host: str, client: str) -> None:
    assert limited_client_of({"client": (host, 1)}) == client


@pytest.mark.parametrize(("setting", "most"), [(0, 5), (3, 3)])
def test_a_client_opens_a_share_of_all_connections(setting: int, most: int) -> None:
    async def scenario() -> None:
        settings = Settings(max_connections=10, max_connections_per_client=setting)
        camera, viewers = StillCamera(), ChannelSubscriptionManager(StreamChannelManager(settings))
        opened = [viewers.open(camera, [], client="a") for _ in range(most)]
        with pytest.raises(LimitError, match=f"{most} connections already"):
            viewers.open(camera, [], client="a")
        with pytest.raises(LimitError, match=f"{most} connections already"):
            viewers.reserve(camera, limited_client="a")
        viewers.open(camera, [], client="b")
        viewers.close(camera, opened[0])
        viewers.close(camera, opened[0])
        viewers.open(camera, [], client="a")
        with pytest.raises(LimitError):
            viewers.open(camera, [], client="a")
        for _ in range(10 - most - 1):
            viewers.open(camera, [])

    VirtualTime().run(scenario)


@given(st.lists(st.tuples(st.integers(0, NS_PER_S), st.integers(0, 10**6)), max_size=200))
def test_no_more_messages_are_taken_than_the_pace_allows(sent: list[tuple[int, int]]) -> None:
    now_ns, cost, pace = 0, 0, Pace(0)
    for later_ns, length in sent:
        now_ns += later_ns
        cost += 1 + length // MESSAGE_BYTES
        now_ns += round(pace.receive_message(length, now_ns) * NS_PER_S)
        assert cost <= MESSAGES_AT_ONCE + MESSAGES_PER_S * now_ns / NS_PER_S + 1e-3 + 62


def test_a_websocket_that_floods_is_slowed_down() -> None:
    virtual = VirtualTime()
    count = MESSAGES_AT_ONCE + 5 * MESSAGES_PER_S

    async def page(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(count):
            await receive()

    async def send(message: Any) -> None:
        raise AssertionError

    async def flood() -> Any:
        return {"type": "websocket.receive", "text": "x"}

    async def scenario() -> float:
        began_ns = virtual.now_ns
        scope = {"type": "websocket", "client": (STRANGER, 1), "path": "/dashboard/ws"}
        await HeldPlaces(page)(scope, flood, send)
        return (virtual.now_ns - began_ns) / NS_PER_S

    assert virtual.run(scenario) == pytest.approx(5.0, abs=0.1)


def test_websockets_are_bounded_in_all_and_for_a_client() -> None:
    async def scenario() -> list[int]:
        go_on, statuses = asyncio.Event(), list[int]()

        async def page(scope: Any, receive: Any, send: Any) -> None:
            await go_on.wait()

        async def send(message: Any) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        held = HeldPlaces(page, max_held=4)
        tasks = []
        for host in (STRANGER, STRANGER, STRANGER, NEIGHBOUR, NEIGHBOUR, "127.0.0.1"):
            scope = {
                "type": "websocket",
                "client": (host, 1),
                "path": "/dashboard/ws",
                "extensions": {"websocket.http.response": {}},
            }
            tasks.append(asyncio.create_task(held(scope, receive, send)))
            await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(*tasks)
        return statuses

    assert asyncio.run(scenario()) == [429, 503]


def test_pages_that_take_long_to_make_are_bounded_and_their_files_are_not() -> None:
    async def scenario() -> list[int]:
        go_on, statuses = asyncio.Event(), list[int]()

        async def page(scope: Any, receive: Any, send: Any) -> None:
            await go_on.wait()

        async def send(message: Any) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        async def receive() -> Any:
            raise AssertionError

        held = HeldPlaces(page, ["/dashboard"])
        paths = ["/dashboard/", "/dashboard"] * (MAX_PAGES // 2) + ["/dashboard/a.js"] * 50
        scopes = [{"type": "http", "path": path, "client": None} for path in [*paths, paths[0]]]
        tasks = [asyncio.create_task(held(each, receive, send)) for each in scopes]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(*tasks)
        return statuses

    assert asyncio.run(scenario()) == [503]


def test_only_a_trusted_proxy_tells_clients_apart() -> None:
    seen: list[str] = []

    async def endpoint(scope: Any, receive: Any, send: Any) -> None:
        seen.append(limited_client_of(scope))

    async def nothing() -> Any:
        raise AssertionError

    async def scenario() -> None:
        headers = [(b"x-forwarded-for", NEIGHBOUR.encode())]
        for peer in ("127.0.0.1", STRANGER):
            scope = {"type": "http", "path": "/", "client": (peer, 1), "headers": headers}
            await ForwardedHeaders(endpoint)(scope, nothing, nothing)  # type: ignore[arg-type]

    asyncio.run(scenario())
    assert seen == ["2001:db8:0:1::/64", STRANGER]


def test_one_request_begins_per_pass_of_the_loop_and_health_does_not_wait() -> None:
    async def scenario() -> None:
        began: list[str] = []

        async def endpoint(scope: Any, receive: Any, send: Any) -> None:
            began.append(scope["path"])

        async def nothing() -> None:
            raise AssertionError

        limited = InFlightLimit(endpoint, 100)

        def request(path: str) -> asyncio.Task[None]:
            scope = {"type": "http", "path": path}
            return asyncio.create_task(limited(scope, nothing, nothing))  # type: ignore[arg-type]

        tasks = [request(f"/{number}") for number in range(50)]
        tasks[3].cancel()
        health = request("/healthz")
        for passes in range(20):
            assert len(began) <= passes + 1
            await asyncio.sleep(0)
        assert health.done()
        await asyncio.gather(*tasks, return_exceptions=True)
        expected = [f"/{number}" for number in range(50) if number != 3]
        assert [path for path in began if path != "/healthz"] == expected

    asyncio.run(scenario())


# -- a running server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    log_path = tmp_path_factory.mktemp("places") / "log"
    arguments = ("--camera", f"street={SOURCE}", "--model", "none")
    with StreamlabProcess(log_path, *arguments, max_connections=LIMIT) as server:
        yield server


def statuses(server: StreamlabProcess, path: str, clients: list[str]) -> list[int]:
    """Open a stream for each client, of which a trusted proxy tells; all are open at once."""
    with httpx.Client(base_url=server.url, timeout=60) as http, ExitStack() as opened:
        found = []
        for client in clients:
            headers = {"X-Forwarded-For": client}
            answer = opened.enter_context(http.stream("GET", path, headers=headers))
            assert answer.status_code == 200 or int(answer.headers["retry-after"]) > 0
            found.append(answer.status_code)
        return found


def test_a_client_cannot_take_every_stream(server: StreamlabProcess) -> None:
    same_network = "2001:db8:0:1:ffff::9"
    clients = [NEIGHBOUR, same_network, same_network, STRANGER, "127.0.0.1", STRANGER]
    found = statuses(server, "/streams/sse/street/dual", clients)
    assert found == [200, 200, 429, 200, 200, 503]


def test_a_client_cannot_follow_events_for_all_others(server: StreamlabProcess) -> None:
    half = MAX_HELD // 2
    clients = [STRANGER] * (half + 1) + [NEIGHBOUR] * (half + 1) + ["127.0.0.1"]
    found = statuses(server, "/events", clients)
    assert found == [200] * half + [429] + [200] * half + [503, 503]
    assert statuses(server, "/events", [STRANGER] * 2) == [200, 200]
