"""Other ways to the same bytes: by URL, after a reconnect, many cameras on one connection."""

from __future__ import annotations

from urllib.parse import urljoin

import httpx
import pytest

from tests.fakes.prefix_proxy import PrefixProxy

from .client import READ_TIMEOUT_S, Stream
from .mp4 import parse_fragment, parse_init
from .schema import problems
from .street import assert_no_number_missing, assert_strip_is_true, decode_channel, numbers_of


def test_urls_lead_to_the_bytes(server_url: str) -> None:
    with Stream(server_url, initial_channel="raw", payload="url") as stream:
        stream.read_media(0.3, "raw")
    assert not {problem for event in stream.log for problem in problems(event)}
    (init,) = stream.inits("raw")
    media_url = f"/streams/street/raw/{init.quality}"
    with httpx.Client(base_url=server_url, timeout=READ_TIMEOUT_S) as http:
        answer = http.get(f"{media_url}/init-{init.init_id}.mp4")
        assert answer.content == init.data
        assert {"public", "immutable"} <= set(answer.headers["cache-control"].split(", "))
        for fragment in stream.fragments("raw"):
            answer = http.get(fragment.url)
            assert answer.status_code == 200
            assert {"public", "immutable"} <= set(answer.headers["cache-control"].split(", "))
            assert parse_fragment(parse_init(init.data), answer.content).tfdt == fragment.pts
            assert fragment.url.endswith(f"{media_url}/{fragment.sequence}.m4s")


@pytest.mark.parametrize("path", ["/streams/sse/street/dual", "/streams/sse/mux"])
def test_urls_below_a_path_that_the_proxy_does_not_name(server_url: str, path: str) -> None:
    port = httpx.URL(server_url).port
    assert port is not None
    with (
        PrefixProxy(port, "/user/me/proxy/8000") as proxy,
        Stream(proxy.url, path, payload="url", camera_id="street") as stream,
    ):
        stream.read_media(0.1, "raw")
        url = urljoin(str(stream.response.url), stream.fragments("raw")[-1].url)
        assert url.startswith(f"{proxy.url}/streams/street/raw/")
        assert httpx.get(url, timeout=READ_TIMEOUT_S).status_code == 200


def test_bytes_that_were_never_there_are_a_problem(server_url: str) -> None:
    for name in ("init-none.mp4", "999999999.m4s"):
        answer = httpx.get(f"{server_url}/streams/street/raw/medium/{name}", timeout=READ_TIMEOUT_S)
        assert answer.status_code in (404, 410)
        assert answer.headers["content-type"].startswith("application/problem+json")


def test_reconnect_goes_on_with_the_next_sequence(server_url: str) -> None:
    with Stream(server_url, initial_channel="raw") as before:
        before.read_media(0.5, "raw")
    last = before.fragments("raw")[-1]
    headers = {"Last-Event-ID": last.event_id}
    with Stream(server_url, headers=headers, initial_channel="raw") as after:
        after.read_media(0.5, "raw")
    assert not after.all_of("gap")
    assert after.fragments("raw")[0].sequence == last.sequence + 1
    assert after.inits("raw")
    numbers = numbers_of(before.fragments() + after.fragments())
    assert_no_number_missing(server_url, numbers)


def test_reconnect_from_what_was_never_sent_is_a_gap(server_url: str) -> None:
    headers = {"Last-Event-ID": "raw/medium/999999999"}
    with Stream(server_url, headers=headers, initial_channel="raw") as stream:
        stream.read_media(0.3, "raw")
    (gap,) = stream.all_of("gap")
    assert gap.data["reason"] == "resume_expired"
    assert stream.fragments("raw")[0].keyframe


def test_mux_carries_camera_id_in_every_event(server_url: str) -> None:
    path = "/streams/sse/mux"
    with Stream(server_url, path, camera_id=["street"], initial_channel="both") as stream:
        stream.read_media(0.5, "raw", "annotated")
    assert {event.data["camera_id"] for event in stream.log} == {"street"}
    assert_strip_is_true(decode_channel(stream, "annotated"))
