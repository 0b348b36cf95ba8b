"""The description of the API names every answer that a client can get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .asking import app, ask


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    _, body, _ = ask(app(), path="/openapi.json")
    for path, methods in json.loads(body)["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


OPERATIONS = [pytest.param(*each, id=f"{each[1]} {each[0]}") for each in operations()]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_refusals_are_described(path: str, method: str, operation: dict[str, Any]) -> None:
    expected = {"400", "405", "414", "421", "431"}
    if path != "/healthz":
        expected |= {"401", "403", "503"}
    if "requestBody" in operation:
        expected |= {"408", "413", "415", "422"}
    assert expected <= set(operation["responses"])


@pytest.mark.parametrize(
    ("query", "headers"),
    [(b"a=" + b"b" * 20_000, 0), (b"&".join([b"a=1"] * 5000), 0), (b"", 500), (b"a=\xff", 0)],
)
def test_a_request_beyond_the_bounds_gets_an_answer_that_is_described(
    query: bytes, headers: int
) -> None:
    many = [("Host", "127.0.0.1:8000"), *((f"X-{n}", "1") for n in range(headers))]
    status, _, _ = ask(app(), path="/cameras", headers=many, query_string=query)
    described = next(found for path, _, found in operations() if path == "/cameras")
    assert 400 <= status < 500
    assert str(status) in described["responses"]


@pytest.mark.parametrize("path", ["/events", "/streams/sse/mux", "/streams/sse/{camera_id}/dual"])
def test_streams_of_events_are_described_as_such(path: str) -> None:
    (described,) = (each for found, _, each in operations() if found == path)
    assert list(described["responses"]["200"]["content"]) == ["text/event-stream"]


def test_a_reserved_connection_leads_to_what_it_is_for() -> None:
    found = {each["operationId"]: (path, method) for path, method, each in operations()}
    subscribe = next(
        each
        for path, method, each in operations()
        if path.endswith("/subscribe") and method == "post"
    )
    links = subscribe["responses"]["200"]["links"]
    assert {name: found[link["operationId"]] for name, link in links.items()} == {
        "join": ("/streams/sse/{camera_id}/dual", "get"),
        "unsubscribe": ("/streams/sse/{camera_id}/subscribe", "delete"),
        "switch": ("/streams/sse/{camera_id}/switch", "post"),
    }
