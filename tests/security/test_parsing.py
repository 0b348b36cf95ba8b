"""Whatever is sent to a server is refused within bounds, and keeps it from nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pyarrow.parquet as pq
import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from streamlab.analysis import make_trace, read_trace, to_table, write_trace
from streamlab.config.file import read_configuration
from streamlab.core.channels import View
from streamlab.core.h264.sps import parse_sps
from streamlab.core.stream.cursor import ResumePoint
from streamlab.core.time.frame_rate import parse_rate
from streamlab.credentials import redacted, scrub
from streamlab.detect.model_spec import ModelSpec
from streamlab.detect.onnx_metadata import read_metadata
from streamlab.errors import (
    ConfigurationError,
    InvalidRequestError,
    ModelFormatError,
    SourceError,
    SourceFormatError,
    TraceFormatError,
)
from streamlab.media import spec
from streamlab.media.limits import SourceLimits
from streamlab.media.spec import MAX_SOURCE_CHARS, SourcePolicy, SourceSpec
from streamlab.server import cameras, streams
from streamlab.server.app import create_app
from streamlab.server.json_bounds import MAX_INLINE_BYTES, BoundedRoute, parse_bounded
from streamlab.settings import Settings
from streamlab.street.parameters import StreetParameters
from streamlab.viewers import StreamChannelManager
from tests.fakes.streamlab_process import StreamlabProcess
from tests.viewers.still_camera import StillCamera

from .hostile import REFUSED, source

PATIENCE_S = 60.0
KINDS = ("rtsp", "http", "udp", "webcam")
TEXTS = st.one_of(
    st.text(st.characters(), max_size=200),
    st.text("/:@#?&=%.[]\\ \0\ud800a1e", max_size=MAX_SOURCE_CHARS + 10),
    st.sampled_from(
        [each * 1200 for each in ("/", "../", ":", "@", "a@", "#once", "%2f", "[", "9")]
    ),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamlabProcess]:
    folder = tmp_path_factory.mktemp("hostile")
    arguments = ["--camera", "street=synthetic://traffic?width=160&height=90&fps=5"]
    arguments += ["--model", "none", "--allow-folder", str(folder)]
    arguments += [word for kind in KINDS for word in ("--allow-scheme", kind)]
    with StreamlabProcess(folder / "log", *arguments, open_timeout=2) as server:
        yield server
        assert server.stop(PATIENCE_S) == 0
        assert "Traceback" not in server.log_path.read_text()


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    parts = []
    with contextlib.suppress(ConnectionResetError):  # it refused what it had not read to the end
        while part := connection.recv(65_536):
            parts.append(part)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_request_is_the_clients_error(server: StreamlabProcess, name: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as connection:
        connection.sendall(REFUSED[name])
        assert httpx.get(f"{server.url}/healthz", timeout=PATIENCE_S).status_code == 200
        status, body = answer_of(connection)
    assert 400 <= status < 500, body
    if body != b"Invalid HTTP request received.":  # uvicorn's own
        problem = json.loads(body)
        assert problem["status"] == status
        assert problem["detail"]
        assert len(body) < 20_000


@pytest.mark.parametrize(
    "text", ["http://[::::]/", "http://h:99999/", "rtsp://h\u2028/", "rtsp://" + "a" * 300 + "/"]
)
def test_an_address_that_cannot_be_reached_is_told_so(server: StreamlabProcess, text: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as connection:
        connection.sendall(source(text))
        assert httpx.get(f"{server.url}/healthz", timeout=PATIENCE_S).status_code == 200
        status, body = answer_of(connection)
    assert status in (422, 503)
    assert b"unexpectedly" not in body


def test_every_route_with_a_body_bounds_its_json() -> None:
    app = create_app(StreamChannelManager(Settings()), SourcePolicy(frozenset()))
    with_body = {
        (path, method)
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    }
    bounded = {
        (route.path, method.lower())
        for router in (cameras.router, streams.router)
        for route in router.routes
        if isinstance(route, BoundedRoute)
        for method in route.methods or ()
    }
    assert with_body
    assert with_body <= bounded


def test_sources_are_looked_up_outside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    threads = set()
    monkeypatch.setattr(spec, "_is_file", lambda path: threads.add(threading.get_ident()))

    async def scenario() -> httpx.Response:
        app = create_app(
            StreamChannelManager(Settings()),
            SourcePolicy(frozenset(), SourceLimits((tmp_path.resolve(),))),
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            body = {"camera_id": "sly", "source": "/nowhere"}
            return await client.post("/cameras", json=body)

    assert asyncio.run(scenario()).status_code == 403
    assert threads
    assert threading.get_ident() not in threads


def test_options_are_looked_up_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    paths: list[str] = []
    monkeypatch.setattr(spec, "_is_file", paths.append)
    SourceSpec.parse("a" + "#once" * 800)
    assert len(paths) <= 16


@given(TEXTS)
def test_any_source_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(SourceError):
        shown = SourceSpec.parse(text).display.encode()
        assert min(shown) >= ord(" ")
    with contextlib.suppress(SourceError):
        StreetParameters.parse(f"synthetic://traffic?fps={quote(text, errors='replace')}")


@given(TEXTS)
def test_any_text_is_a_rate_or_refused(text: str) -> None:
    with contextlib.suppress(SourceError):
        assert parse_rate(text) >= 0


@given(TEXTS)
def test_any_text_can_be_redacted(text: str) -> None:
    redacted(text)
    scrub(f"cannot open {text}")


@given(TEXTS)
def test_any_view_event_or_model_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidRequestError):
        View(text)
    ResumePoint.parse(text)
    with contextlib.suppress(ModelFormatError):
        ModelSpec.parse(text)


@given(st.one_of(st.binary(max_size=300), st.text('[]{}",:\\u0d89e+-.', max_size=300)))
def test_any_body_is_json_or_refused(body: bytes | str) -> None:
    data = body.encode() if isinstance(body, str) else body
    with contextlib.suppress(HTTPException):
        json.dumps(parse_bounded(data), allow_nan=False).encode("utf-8", "strict")


def test_a_long_body_of_an_honest_client_is_parsed() -> None:
    names = [f"class {number}, of its kind [{number}]" for number in range(1000)]
    body = json.dumps({"classes": names}).encode()
    assert len(body) > MAX_INLINE_BYTES
    assert parse_bounded(body) == {"classes": names}


@pytest.mark.parametrize("bracket", ["[", "(", "{", "{0:", "['", "-", "not "])
def test_metadata_of_many_brackets_is_refused(bracket: str) -> None:
    closing = {"[": "]", "(": ")"}.get(bracket, "}")
    for text in (bracket * 5000, bracket * 5000 + closing * 5000, "9" * 5000):
        for key in ("names", "imgsz", "stride"):
            with pytest.raises(ModelFormatError, match=key):
                read_metadata({key: text}, "m.onnx")


@given(
    st.dictionaries(
        st.sampled_from(["names", "imgsz", "stride", "task", "end2end", "args", "head"]),
        st.text("{}[]()'\"0123:,\\xuN \n", max_size=100),
    )
)
@pytest.mark.filterwarnings("ignore:invalid escape:DeprecationWarning")
def test_any_metadata_is_read_or_refused(entries: dict[str, str]) -> None:
    with contextlib.suppress(ModelFormatError):
        read_metadata(entries, "m.onnx")


LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=100)


@given(LATIN, LATIN, st.binary(max_size=100))
def test_any_token_is_refused(cookie: str, authorization: str, query: bytes) -> None:
    async def scenario() -> httpx.Response:
        settings = Settings(tokens=["watchwatch"])  # type: ignore[list-item]
        app = create_app(StreamChannelManager(settings), SourcePolicy(frozenset()))
        transport = httpx.ASGITransport(app)
        headers = {
            b"Cookie": cookie.encode("latin-1"),
            b"Authorization": authorization.encode("latin-1"),
        }
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(f"/cameras?access_token={quote(query)}", headers=headers)

    assert asyncio.run(scenario()).status_code in (400, 401, 403)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "max_cameras = " + "9" * 5000])
def test_a_configuration_beyond_the_limits_of_python_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    path = tmp_path / "streamlab.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"streamlab\.toml"):
        read_configuration(path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"streamlab\.toml"):
        Settings()


def test_truth_occupies_one_thread_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    running = threading.Semaphore(0)
    most = 0

    def count(*_: object) -> list[object]:
        nonlocal most
        running.release()
        most = max(most, running._value)
        time.sleep(0.01)
        running.acquire()
        return []

    monkeypatch.setattr(cameras, "true_boxes", count)

    async def scenario() -> list[httpx.Response]:
        manager = StreamChannelManager(Settings())
        camera = StillCamera()
        manager._cameras[camera.camera_id] = camera
        transport = httpx.ASGITransport(create_app(manager, SourcePolicy(frozenset())))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            path = f"/cameras/{camera.camera_id}/truth?from_pts=0&to_pts=1"
            return await asyncio.gather(*[client.get(path) for _ in range(20)])

    assert {response.status_code for response in asyncio.run(scenario())} == {200}
    assert most == 1


def test_a_parameter_set_of_megabytes_is_not_parsed() -> None:
    with pytest.raises(SourceFormatError, match="5000000 bytes"):
        parse_sps(b"\x67" + bytes(4_999_999))


@pytest.mark.parametrize("about", [b"[" * 100_000, b"9" * 5000, b"\xff", b"{"])
def test_a_trace_with_hostile_metadata_is_refused_by_name(tmp_path: Path, about: bytes) -> None:
    path = tmp_path / "sly.parquet"
    write_trace(to_table(make_trace("steady", seconds=1)), path, {})
    rows = pq.read_table(path)
    metadata = {**rows.schema.metadata, b"streamlab": about}
    assert rows.schema.metadata[b"streamlab"] == b"{}"
    pq.write_table(rows.replace_schema_metadata(metadata), path)
    with pytest.raises(TraceFormatError, match=r"sly\.parquet' has unreadable metadata"):
        read_trace(path)
