"""`GET /events`: what happens to the cameras of a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx_sse
import pytest

from tests.fakes.streamlab_process import StreamlabProcess

TINY = "synthetic://traffic?width=160&height=90&fps=10"
Told = tuple[str, str, Any]


@pytest.fixture
def http(server_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server_url, timeout=20) as client:
        yield client


def follow(http: httpx.Client, last_id: str, **query: Any) -> Iterator[Told]:
    headers = {"Last-Event-ID": last_id}
    with httpx_sse.connect_sse(http, "GET", "/events", params=query, headers=headers) as source:
        for event in source.iter_sse():
            yield event.event, event.id, json.loads(event.data)


def until(events: Iterator[Told], kind: str) -> list[Told]:
    found = []
    for event in events:
        found.append(event)
        if event[0] == kind:
            return found
    raise AssertionError("the stream ended")


def add_and_remove(http: httpx.Client, name: str) -> None:
    assert http.post("/cameras", json={"camera_id": name, "source": TINY}).status_code == 201
    assert http.delete(f"/cameras/{name}").status_code == 204


def newest_id(http: httpx.Client, name: str) -> str:
    """The id of the newest event: that of a camera that has come and gone."""
    add_and_remove(http, name)
    return until(follow(http, "1", camera_id=name), "camera_removed")[-1][1]


def test_a_camera_that_comes_and_goes_is_told_and_can_be_resumed(http: httpx.Client) -> None:
    before = newest_id(http, "before-passing")
    add_and_remove(http, "passing")
    told = until(follow(http, before, camera_id="passing"), "camera_removed")
    assert told[0][0] == "camera_added"
    assert told[0][2]["camera_id"] == "passing"
    assert "synthetic://traffic" in told[0][2]["detail"]
    ids = [int(each) for _, each, _ in told]
    assert ids == sorted(set(ids))
    assert until(follow(http, told[0][1], camera_id="passing"), "camera_removed") == told[1:]


def test_kinds_select(http: httpx.Client) -> None:
    before = newest_id(http, "before-first")
    add_and_remove(http, "first")
    add_and_remove(http, "second")
    events = follow(http, before, kind="camera_removed")
    assert [next(events)[2]["camera_id"] for _ in range(2)] == ["first", "second"]


@pytest.mark.parametrize("query", [{"kind": "weather"}, {"kind": ["source", "x"]}])
def test_a_kind_that_does_not_exist_is_refused(http: httpx.Client, query: dict[str, Any]) -> None:
    answer = http.get("/events", params=query)
    assert answer.status_code == 422
    assert "camera_added" in answer.text


def test_a_server_that_stops_says_so_and_ends_the_stream(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with StreamlabProcess(log, "--camera", f"last={TINY}") as server:
        with httpx.Client(base_url=server.url, timeout=60) as http:
            events = follow(http, "1")
            assert next(events)[0] == "camera_added"
            server.process.terminate()
            told = until(events, "camera_removed")
            assert told[-1][2]["detail"] == "Removed: the server stops."
            assert list(events) == []
        assert server.stop() == 0
    assert "ERROR" not in log.read_text()
