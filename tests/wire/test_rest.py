"""The requests beside the stream."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from .client import READ_TIMEOUT_S, Stream
from .schema import NUMBER, QUALITIES, is_type

PATHS = {
    "/streams/sse/{camera_id}/dual": {"get"},
    "/streams/sse/{camera_id}/subscribe": {"post", "delete"},
    "/streams/sse/{camera_id}/switch": {"post"},
    "/streams/sse/{camera_id}/sync-stats": {"get"},
    "/streams/dual-channel/stats": {"get"},
    "/streams/sse/mux": {"get"},
    "/cameras": {"get", "post"},
    "/cameras/{camera_id}": {"delete"},
    "/healthz": {"get"},
    "/readyz": {"get"},
}


@pytest.fixture
def http(server_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server_url, timeout=READ_TIMEOUT_S) as http:
        yield http


def names(value: object) -> Iterator[str]:
    """Yield every key of nested JSON, written as a path, in lower case."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key).lower()
            for rest in names(inner):
                yield f"{key}.{rest}".lower()
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner)


def assert_tells_of(value: object, *words: str) -> None:
    told = list(names(value))
    missing = [word for word in words if not any(word in name for name in told)]
    assert not missing, f"nothing of {missing} in {told}"


def test_alive_and_ready(http: httpx.Client) -> None:
    assert http.get("/healthz").status_code == 200
    assert http.get("/readyz").status_code == 200


def test_metrics_are_prometheus_text(http: httpx.Client) -> None:
    response = http.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    assert "# TYPE " in response.text


def test_openapi_names_every_request(http: httpx.Client) -> None:
    described = http.get("/openapi.json").json()["paths"]
    for path, methods in PATHS.items():
        assert methods <= set(described[path]), path
    docs = http.get("/docs")
    assert docs.status_code == 200
    assert docs.headers["content-type"].startswith("text/html")


def test_cameras_are_listed(http: httpx.Client) -> None:
    cameras = http.get("/cameras").json()["cameras"]
    (street,) = (camera for camera in cameras if camera["camera_id"] == "street")
    assert street["source"].startswith("synthetic://traffic")
    assert street["state"] == "live"
    assert (street["width"], street["height"], street["fps"]) == (640, 360, 30)
    assert set(street["qualities"]) <= QUALITIES
    assert {"low", "medium", "high"} <= set(street["qualities"])


def test_sync_stats_tell_of_the_window(http: httpx.Client, server_url: str) -> None:
    with Stream(server_url, initial_channel="both") as stream:
        stream.read_media(0.7, "raw", "annotated")
        query = {"stream_id": stream.stream_id, "window_s": "5"}
        response = http.get("/streams/sse/street/sync-stats", params=query)
    assert response.status_code == 200, response.text
    stats = response.json()
    assert is_type(stats["drift_ms"], NUMBER)
    assert_tells_of(stats, "p50", "p95", "p99", "max", "histogram", "violations", "corrections")
    assert_tells_of(stats, "playout_delay", "age", "raw", "annotated")


def test_stats_tell_of_everything_that_runs(http: httpx.Client, server_url: str) -> None:
    with Stream(server_url, initial_channel="both") as stream:
        response = http.get("/streams/dual-channel/stats")
    assert response.status_code == 200, response.text
    assert stream.stream_id in response.text
    assert_tells_of(response.json(), "streams", "subscriptions", "connections", "drop", "switches")
    assert_tells_of(response.json(), "p50", "p95")


def test_picture_of_the_first_page(http: httpx.Client) -> None:
    page = http.get("/", params={"camera_id": "street", "view": "raw"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
