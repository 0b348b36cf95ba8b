"""Changing a camera while it runs, over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from streamlab.cli.detectors import ModelOptions
from streamlab.cli.run import run
from streamlab.errors import InvalidRequestError, UnknownCameraError
from streamlab.faults import PRESETS
from streamlab.media.spec import SourcePolicy, SourceSpec
from streamlab.server.app import create_app
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager

from .client import READ_TIMEOUT_S, Stream
from .sse import Event

SMALL = "synthetic://traffic?width=320&height=180&fps=30&seed=3"
DUAL = "/streams/sse/lab/dual"
STATS = "/streams/sse/lab/sync-stats"


@pytest.fixture(scope="module")
def http(server_url: str) -> Iterator[httpx.Client]:
    """Return a client of the server, which has a camera `lab` of this module's own."""
    with httpx.Client(base_url=server_url, timeout=READ_TIMEOUT_S) as http:
        http.post("/cameras", json={"camera_id": "lab", "source": SMALL}).raise_for_status()
        yield http
        http.delete("/cameras/lab").raise_for_status()


@pytest.fixture
def stream(http: httpx.Client, server_url: str) -> Iterator[Stream]:
    with Stream(server_url, DUAL, initial_channel="both") as stream:
        yield stream


def change(http: httpx.Client, **values: object) -> dict[str, Any]:
    """Change `lab` and return its report."""
    response = http.patch("/cameras/lab", json=values)
    assert response.status_code == 200, response.text
    report = response.json()
    listed = http.get("/cameras").json()["cameras"]
    assert {camera["camera_id"]: camera for camera in listed}["lab"].keys() == report.keys()
    assert isinstance(report, dict)
    return report


def stats(http: httpx.Client) -> dict[str, Any]:
    value = http.get(STATS).json()
    assert isinstance(value, dict)
    return value


def results(http: httpx.Client) -> int:
    """Return how many results the detector has given, also those that came after their frames."""
    counts = stats(http)["pipeline"]
    return sum(counts.get(name, 0) for name in ("fresh", "late_result"))


def refusal(http: httpx.Client, body: object, status: int = 422) -> str:
    response = http.patch("/cameras/lab", json=body)
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    return response.text


@pytest.mark.parametrize("policy", ["none", "hold", "pair", "deadline", "hybrid"])
def test_policy_is_switched_while_it_runs(http: httpx.Client, stream: Stream, policy: str) -> None:
    stream.read_media(0.2, "raw", "annotated")
    assert change(http, sync_policy=policy)["sync_policy"] == policy
    assert stats(http)["policy"] == policy
    stream.read_media(0.5, "raw", "annotated")
    assert not stream.all_of("gap")
    assert len(stream.inits()) == 2, "nothing is encoded anew"


def test_tolerance_is_told_to_everybody(
    http: httpx.Client, stream: Stream, server_url: str
) -> None:
    before = stats(http)["sync_tolerance_ms"]
    assert stream.log[0].data["sync_tolerance_ms"] == before
    assert change(http, sync_tolerance_ms=33.5)["sync_tolerance_ms"] == 33.5
    assert stats(http)["sync_tolerance_ms"] == 33.5

    def is_told(event: Event) -> bool:
        return event.name == "sync" and event.data["sync_tolerance_ms"] == 33.5

    stream.read_until(is_told)
    with Stream(server_url, DUAL) as later:
        assert later.log[0].data["sync_tolerance_ms"] == 33.5
    change(http, sync_tolerance_ms=before)


def test_what_is_not_given_stays(http: httpx.Client) -> None:
    names = ("sync_policy", "sync_tolerance_ms", "max_playout_delay_ms", "max_stale_fraction")
    before = change(http)
    assert (before["faults"], before["sync_policy"]) == (None, "hybrid")
    after = change(http, max_playout_delay_ms=120.0, max_stale_fraction=0.4)
    assert (after["max_playout_delay_ms"], after["max_stale_fraction"]) == (120.0, 0.4)
    assert [after[name] for name in names[:2]] == [before[name] for name in names[:2]]
    change(http, **{name: before[name] for name in names})


def test_bound_of_the_delay_counts_at_once(http: httpx.Client, stream: Stream) -> None:
    before = change(http, sync_policy="deadline", max_playout_delay_ms=200)
    assert stats(http)["playout_delay_ms"] <= 200
    change(http, max_playout_delay_ms=20)
    assert stats(http)["playout_delay_ms"] <= 20
    stream.read_media(0.5, "raw", "annotated")
    change(http, sync_policy="hybrid", max_playout_delay_ms=250)
    assert before["max_playout_delay_ms"] == 200


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"sync_policy": "best"}, ("sync_policy", "hybrid", "pair", "none")),
        ({"sync_tolerance_ms": 0}, ("sync_tolerance_ms", "greater than 0")),
        ({"sync_tolerance_ms": "wide"}, ("sync_tolerance_ms", "number")),
        ({"max_playout_delay_ms": -1}, ("max_playout_delay_ms", "greater than or equal to 0")),
        ({"max_playout_delay_ms": 1e9}, ("max_playout_delay_ms", "10000")),
        ({"max_stale_fraction": 1.5}, ("max_stale_fraction", "less than or equal to 1")),
        ({"sync_polcy": "pair"}, ("sync_polcy", "not permitted")),
        ({"faults": {"preset": "rain"}}, ("rain", *PRESETS)),
        ({"faults": {"lag_ms": 5}}, ("lag_ms", "lag_median_ms", "detector_dead")),
        ({"faults": {"lost_fraction": 2}}, ("lost_fraction", "0 to 1")),
        ({"faults": {"parallel": "perhaps"}}, ("parallel", "boolean")),
        ({"faults": "steady"}, ("faults", "dictionary")),
        ([], ("dictionary",)),
    ],
)
def test_a_bad_value_is_told_what_is_allowed(
    http: httpx.Client, stream: Stream, body: object, told: tuple[str, ...]
) -> None:
    before = change(http)
    answer = refusal(http, body)
    assert all(word in answer for word in told), answer
    assert change(http)["faults"] is None
    assert stats(http)["policy"] == before["sync_policy"]
    stream.read_media(0.1, "raw")


def test_what_json_does_not_know_is_refused(http: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    for content in ('{"sync_tolerance_ms": NaN}', '{"faults": {"stall_ms": NaN}}', "{"):
        response = http.patch("/cameras/lab", content=content, headers=headers)
        assert response.status_code == 422, response.text


def test_unknown_camera(http: httpx.Client) -> None:
    response = http.patch("/cameras/nowhere", json={})
    assert response.status_code == 404
    assert "lab" in response.text


def test_openapi_tells_of_it(http: httpx.Client) -> None:
    described = http.get("/openapi.json").json()
    assert "patch" in described["paths"]["/cameras/{camera_id}"]
    assert set(described["components"]["schemas"]["CameraChange"]["properties"]) >= {
        "sync_policy",
        "sync_tolerance_ms",
        "max_playout_delay_ms",
        "max_stale_fraction",
        "faults",
    }


def test_a_detector_killed_and_revived_tells_its_story(http: httpx.Client, stream: Stream) -> None:
    stream.read_media(0.5, "raw", "annotated")
    report = change(http, faults={"detector_dead": True})
    assert report["faults"] == {"detector_dead": True}
    start = len(stream.log)

    def is_stale(event: Event) -> bool:
        return event.name == "sync" and event.data["correction"] == "stale"

    def tells_of_it(event: Event) -> bool:
        return event.name == "health" and event.data.get("detector", {}).get("state") == "failing"

    stream.read_until(tells_of_it)
    stream.read_until(is_stale)
    stream.read_media(0.5, "raw", "annotated")
    told = change(http)
    assert any("dead" in error for error in told["errors"])
    annotated = told["channels"][1]
    assert annotated["detector"]["state"] == "failing"
    assert "dead" in annotated["detector"]["detail"]
    assert told["fault_counts"]["injected_refusals"] > 0
    killed = stats(http)
    assert killed["pipeline"]["injected_refusals"] > 0
    assert killed["frames"]["stale"] > 0
    change(http, faults=None)
    before = results(http)
    while results(http) < before + 10:
        stream.read_media(0.2, "raw", "annotated")
    revived = change(http)
    assert (revived["faults"], revived["errors"]) == (None, [])
    assert not stream.all_of("gap", start)
    for channel in ("raw", "annotated"):
        sequences = [fragment.sequence for fragment in stream.fragments(channel)]
        assert sequences == [*range(sequences[0], sequences[0] + len(sequences))], "none is lost"


def test_a_preset_and_what_is_added_to_it(http: httpx.Client, stream: Stream) -> None:
    wrong = change(http, faults={"preset": "stalls 3 s", "stall_ms": 400, "stall_every_s": 0.5})
    expected = PRESETS["stalls 3 s"].describe() | {"stall_ms": 400, "stall_every_s": 0.5}
    assert wrong["faults"] == expected
    while change(http)["fault_counts"].get("injected_stalls", 0) < 2:
        stream.read_media(0.2, "raw", "annotated")
    change(http, faults=None)
    assert not stream.all_of("gap")


def test_faults_may_be_forbidden() -> None:
    async def patch() -> tuple[httpx.Response, httpx.Response]:
        manager = StreamChannelManager(Settings(allow_fault_injection=False, allowed_hosts=["lab"]))
        await manager.add_camera("lab", SourceSpec.parse(SMALL))
        transport = httpx.ASGITransport(create_app(manager, SourcePolicy.of([], [], [])))
        async with httpx.AsyncClient(transport=transport, base_url="http://lab") as http:
            body: dict[str, object] = {"sync_policy": "pair", "faults": None}
            refused = await http.patch("/cameras/lab", json=body)
            del body["faults"]
            taken = await http.patch("/cameras/lab", json=body)
        await manager.close()
        return refused, taken

    refused, taken = asyncio.run(patch())
    assert refused.status_code == 403
    assert "allow_fault_injection" in refused.text
    assert taken.json()["sync_policy"] == "pair"


def test_faults_of_the_command_line() -> None:
    def serve(fault: str) -> None:
        run([f"lab={SMALL}"], ModelOptions("none"), "127.0.0.1", 1, faults=[fault])

    with pytest.raises(UnknownCameraError, match="--fault gate=steady: there is no camera 'gate'"):
        serve("gate=steady")
    with pytest.raises(InvalidRequestError, match="unknown fault preset 'rain'; allowed: steady"):
        serve("lab=rain")
