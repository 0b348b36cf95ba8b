"""What the client makes of a server's answers, and of connections that break."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpx
import pytest

from streamlab.client import (
    AsyncClient,
    Client,
    Connected,
    End,
    Event,
    Fragment,
    Gap,
    NotAuthorizedError,
    ProtocolError,
    Reconnect,
    RefusedError,
    ServerUnreachableError,
    StreamStats,
)
from streamlab.client.problems import retry_after_s
from streamlab.errors import (
    DisabledError,
    InvalidRequestError,
    LimitError,
    StreamlabError,
    UnknownCameraError,
)
from tests.fakes.rtsp_server import free_port
from tests.fakes.scripted_server import (
    Answer,
    ScriptedServer,
    as_json,
    connected,
    event,
    events,
    fragment,
    problem,
)

AT_ONCE = Reconnect(initial_s=0.001, max_s=0.01, give_up_after_s=120.0)
END = event("end", {"reason": "source_ended"})


def watch(
    server: ScriptedServer, reconnect: Reconnect = AT_ONCE
) -> tuple[list[Event], StreamStats]:
    async def read() -> tuple[list[Event], StreamStats]:
        async with (
            AsyncClient(server.url) as client,
            client.watch("street", reconnect=reconnect) as stream,
        ):
            seen = [event async for event in stream]
            return seen, stream.stats

    return asyncio.run(read())


def sequences(seen: Iterable[Event]) -> list[int]:
    return [event.sequence for event in seen if isinstance(event, Fragment)]


def test_end_ends_it() -> None:
    with ScriptedServer([events(connected(), fragment(5, keyframe=True), END)]) as server:
        seen, stats = watch(server)
    assert [type(event).__name__ for event in seen] == ["Connected", "Fragment", "End"]
    assert seen[-1] == End(camera_id="street", reason="source_ended")
    assert (len(server.requests), stats.reconnects, stats.lost) == (1, 0, "")


@pytest.mark.parametrize("is_cut", [True, False])
def test_a_lost_connection_is_resumed(is_cut: bool) -> None:
    first = events(connected(), fragment(5, keyframe=True), fragment(6), is_cut=is_cut)
    second = events(connected(connection_id="c2"), fragment(6), fragment(7), END)
    with ScriptedServer([first, second]) as server:
        seen, stats = watch(server)
    assert sequences(seen) == [5, 6, 7]
    assert (stats.reconnects, stats.duplicates, stats.gaps) == (1, 1, 0)
    assert [request.headers.get("Last-Event-ID") for request in server.requests] == [
        None,
        "raw/medium/6",
    ]
    assert len([event for event in seen if isinstance(event, Connected)]) == 2


def test_half_an_event_is_no_event() -> None:
    first = events(connected(), fragment(5, keyframe=True), fragment(6)[:-9], is_cut=True)
    with ScriptedServer([first, events(connected(), fragment(6), END)]) as server:
        seen, _ = watch(server)
    assert sequences(seen) == [5, 6]


def test_what_the_server_has_dropped_is_a_gap() -> None:
    first = events(connected(), fragment(5, keyframe=True), is_cut=True)
    second = events(connected(), fragment(9), fragment(10, keyframe=True), END)
    with ScriptedServer([first, second]) as server:
        seen, stats = watch(server)
    told = next(event for event in seen if isinstance(event, Gap))
    assert (told.from_sequence, told.to_sequence, told.reason) == (6, 9, "resume_expired")
    assert sequences(seen) == [5, 10]
    assert (stats.gaps, stats.skipped) == (1, 1)


def test_events_of_the_future_are_left_out() -> None:
    future = event("weather", {"rain": True}) + b": a comment\n\n"
    with ScriptedServer([events(connected(mood="good"), future, END)]) as server:
        seen, stats = watch(server)
    assert [type(event).__name__ for event in seen] == ["Connected", "End"]
    assert stats.unknown_events == 1


def test_an_event_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlab.client.bounds.MAX_EVENT_BYTES", 2000)
    endless = fragment(5, keyframe=True) + b"data: " + b"A" * 200_000
    with (
        ScriptedServer([events(connected(), endless)]) as server,
        pytest.raises(ProtocolError, match="2000 bytes"),
    ):
        watch(server)
    assert len(server.requests) == 1


REFUSALS: list[tuple[Answer, type[StreamlabError]]] = [
    (problem(404, "unknown-camera", "there is no camera 'street'"), UnknownCameraError),
    (problem(422, "invalid-request"), InvalidRequestError),
    (problem(401, "unauthorized"), NotAuthorizedError),
    (Answer(403), NotAuthorizedError),
    (problem(409, "conflict"), RefusedError),
    (problem(503, "disabled"), DisabledError),
    (Answer(200, {"Content-Type": "text/html"}, b"<p>"), ProtocolError),
    (Answer(404, {"Content-Type": "text/html"}, b"<p>"), ProtocolError),
]


@pytest.mark.parametrize(("answer", "kind"), REFUSALS)
def test_refusals_are_raised_at_once(answer: Answer, kind: type[StreamlabError]) -> None:
    with ScriptedServer([answer]) as server, pytest.raises(kind):
        watch(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"), [each for each in REFUSALS if each[0].status in (401, 404, 422)]
)
def test_refusals_of_a_reconnect_end_the_stream(answer: Answer, kind: type[StreamlabError]) -> None:
    first = events(connected(), fragment(5, keyframe=True), is_cut=True)
    with ScriptedServer([first, answer]) as server, pytest.raises(kind):
        watch(server)
    assert len(server.requests) == 2


def test_a_server_that_comes_back_is_waited_for() -> None:
    script = [
        events(connected(), fragment(5, keyframe=True), is_cut=True),
        Answer(502),
        problem(503, "disabled"),
        events(connected(), fragment(6), END),
    ]
    with ScriptedServer(script) as server:
        seen, stats = watch(server)
    assert sequences(seen) == [5, 6]
    assert stats.reconnects == 1


def test_a_full_server_is_asked_again_when_it_says() -> None:
    full = problem(429, "limit", "full", **{"Retry-After": "0"})
    with ScriptedServer([full, full, events(connected(), END)]) as server:
        watch(server)
    assert len(server.requests) == 3
    later = problem(429, "limit", "full", **{"Retry-After": "3600"})
    with ScriptedServer([later]) as server, pytest.raises(LimitError, match="full"):
        watch(server, Reconnect(give_up_after_s=1.0))
    assert len(server.requests) == 1


def test_a_server_that_only_greets_is_given_up() -> None:
    with (
        ScriptedServer([events(connected(), is_cut=True)]) as server,
        pytest.raises(ServerUnreachableError),
    ):
        watch(server, Reconnect(initial_s=0.01, max_s=0.02, give_up_after_s=2.0))
    assert len(server.requests) > 1


def test_no_server() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url) as client, pytest.raises(ServerUnreachableError, match=url):
        client.cameras()
    with (
        Client(url) as client,
        pytest.raises(ServerUnreachableError, match=url),
        client.watch("street"),
    ):
        pass


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InvalidRequestError):
        AsyncClient(url)


def test_requests_and_their_answers() -> None:
    listing = as_json({"cameras": [{"camera_id": "a b/c", "state": "live"}]})
    script = [listing, as_json({"drift_ms": 1.5}), as_json({"sync_policy": "pair"}), Answer(500)]
    with ScriptedServer(script) as server, Client(server.url, token="secret") as client:
        assert client.cameras()[0]["camera_id"] == "a b/c"
        assert client.sync_stats("a b/c", window_s=5)["drift_ms"] == 1.5
        assert client.update("a b/c", sync_policy="pair", sync_tolerance_ms=40) == {
            "sync_policy": "pair"
        }
        with pytest.raises(RefusedError, match="500"):
            client.cameras()
    stats, change = server.requests[1:3]
    assert stats.path == "/streams/sse/a%20b%2Fc/sync-stats"
    assert stats.query == {"window_s": ["5"]}
    assert (change.method, change.path) == ("PATCH", "/cameras/a%20b%2Fc")
    assert change.body == {"sync_policy": "pair", "sync_tolerance_ms": 40}
    assert {request.headers["Authorization"] for request in server.requests} == {"Bearer secret"}


def test_the_token_is_for_the_server_alone() -> None:
    with ScriptedServer([Answer(200, {}, b"bytes")]) as cache:
        there = fragment(5, keyframe=True, data="", url=f"{cache.url}/5.m4s")
        with (
            ScriptedServer([events(connected(), there, END)]) as server,
            Client(server.url, token="secret") as client,
            client.watch("street", payload="url") as stream,
        ):
            assert [event.data for event in stream if isinstance(event, Fragment)] == [b"bytes"]
    assert "Authorization" in server.requests[0].headers
    assert "Authorization" not in cache.requests[0].headers


def test_detections_are_asked_for_on_every_connection() -> None:
    rows = event("detections", {"pts": 3000, "detections_pts": None, "detections": []})
    first = events(connected(), rows, is_cut=True)
    script = [first, as_json({}), events(connected(connection_id="c2"), rows, END), as_json({})]
    with (
        ScriptedServer(script) as server,
        Client(server.url) as client,
        client.watch("street", detections=True, reconnect=AT_ONCE) as stream,
    ):
        seen = [type(event).__name__ for event in stream]
    assert seen == ["Connected", "Detections", "Connected", "Detections", "End"]
    posts = [request for request in server.requests if request.method == "POST"]
    assert [post.body for post in posts] == [
        {"connection_id": name, "channel_type": "detections"} for name in ("c1", "c2")
    ]


@pytest.mark.parametrize(
    ("value", "low_s", "high_s"),
    [
        ("7", 7, 7),
        ("", 0, 0),
        ("soon", 0, 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 1e9, 1e10),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, low_s: float, high_s: float) -> None:
    assert low_s <= retry_after_s(httpx.Response(429, headers={"Retry-After": value})) <= high_s
