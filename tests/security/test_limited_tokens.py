"""A token that is limited to cameras and channels, on every route that the API describes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlencode

import pytest

from streamlab.detect.redact import Pixelate
from streamlab.media.spec import SourcePolicy
from streamlab.server.app import create_app
from streamlab.settings import Settings
from streamlab.viewers import StreamChannelManager
from tests.security.asking import connect, mount
from tests.security.walk import (
    ALLOWED,
    CAMERAS,
    HIDDEN,
    KEPT,
    NO_CHANNEL,
    SEEN,
    UNKNOWN,
    Answer,
    Ask,
    answer_to,
    requests,
)
from tests.viewers.still_camera import StillCamera

LIMITED, WHOLE, ADMIN = "limited-0123456789", "whole-0123456789", "admin-0123456789"
HALF_ADMIN = "half-admin-0123456789"
TOKENS = [WHOLE, {"token": LIMITED, "cameras": ["str*"], "channels": [ALLOWED]}]
ADMINS = [ADMIN, {"token": HALF_ADMIN, "cameras": ["str*", "attic"]}]
T = TypeVar("T")


class Server:
    """An app with two cameras, each with a channel that the limited token may not see."""

    def __init__(self) -> None:
        settings = Settings(tokens=TOKENS, admin_tokens=ADMINS, allowed_hosts=["server"])  # type: ignore[arg-type]
        self.manager = StreamChannelManager(settings)
        self.cameras = [StillCamera(name, (ALLOWED, KEPT)) for name in (SEEN, HIDDEN)]
        for camera in self.cameras:
            self.manager._cameras[camera.camera_id] = camera
        self.app = create_app(self.manager, SourcePolicy(frozenset(["synthetic"])))
        viewer = self.app.state.subscriptions.open(self.cameras[0], ["raw", ALLOWED, KEPT])
        self.connection_id = viewer.connection_id

    async def answer(self, ask: Ask, token: str = LIMITED) -> Answer:
        return await answer_to(self.app, ask, token, self.cameras)

    async def get(self, path: str, token: str = LIMITED) -> Answer:
        return await self.answer(Ask("get", path, path, {}, None), token)

    def asks(self) -> list[Ask]:
        return list(requests(self.app, self.connection_id))


def on_server(work: Callable[[Server], Awaitable[T]]) -> T:
    async def run() -> T:
        return await work(Server())

    return asyncio.run(run())


def test_nothing_of_another_camera_or_channel_gets_through() -> None:
    async def walk(server: Server) -> int:
        for ask in server.asks():
            answer = await server.answer(ask)
            told = answer.text
            for name in ask.chosen.values():
                told = told.replace(f"'{name}'", "''") if answer.status >= 400 else told
            assert HIDDEN not in told, (ask, answer)
            assert KEPT not in told, (ask, answer)
            assert answer.status < 500 or "/trace" in ask.route, (ask, answer)
        return len(server.asks())

    assert on_server(walk) > 100


def test_the_walk_would_find_them() -> None:
    async def walk(server: Server) -> set[str]:
        found = set()
        for ask in server.asks():
            if "/trace" not in ask.route and ask.chosen.get("camera_id") != UNKNOWN:
                text = (await server.answer(ask, WHOLE)).text
                found |= {name for name in (HIDDEN, KEPT) if name in text}
        return found

    assert on_server(walk) == {HIDDEN, KEPT}


def test_a_hidden_camera_is_answered_like_one_that_does_not_exist() -> None:
    async def walk(server: Server) -> int:
        compared = 0
        for ask in server.asks():
            if ask.chosen.get("camera_id") != HIDDEN or "{camera_id}" not in ask.route:
                continue
            other = ask._replace(path=ask.path.replace(HIDDEN, UNKNOWN))
            hidden, unknown = await server.answer(ask), await server.answer(other)
            assert hidden == unknown._replace(text=unknown.text.replace(UNKNOWN, HIDDEN)), ask
            assert hidden.status in (403, 404), (ask, hidden)
            compared += 1
        return compared

    assert on_server(walk) > 30


def test_a_channel_that_is_kept_from_a_token_is_403_whether_it_exists_or_not() -> None:
    async def walk(server: Server) -> int:
        refused = 0
        for ask in server.asks():
            if ask.chosen.get("camera_id") == SEEN and ask.channels & {"raw", KEPT, NO_CHANNEL}:
                answer = await server.answer(ask)
                assert answer.status == 403, (ask, answer)
                assert NO_CHANNEL not in answer.text
                refused += 1
        return refused

    assert on_server(walk) > 10


def test_what_a_limited_token_may_see_it_gets() -> None:
    async def walk(server: Server) -> None:
        await server.cameras[0].capture(3)
        for path in (
            f"/streams/sse/{SEEN}/dual?initial_channel={ALLOWED}",
            f"/streams/sse/mux?camera_id={SEEN}&initial_channel={ALLOWED}",
        ):
            stream = await server.get(path)
            assert stream.status == 200
            assert "event: fragment" in stream.text
            assert '"channel":"raw"' not in stream.text
        listed = json.loads((await server.get("/cameras")).text)["cameras"]
        assert [camera["camera_id"] for camera in listed] == [SEEN]
        assert [channel["name"] for channel in listed[0]["channels"]] == [ALLOWED]
        stats = json.loads((await server.get("/streams/dual-channel/stats")).text)
        assert stats["total_streams"] == 1
        assert list(stats["streams"][0]["channels"]) == [ALLOWED]
        assert list(json.loads((await server.get("/readyz")).text)["cameras"]) == [SEEN]

    on_server(walk)


@pytest.mark.parametrize("cameras", [[SEEN, HIDDEN], [SEEN, UNKNOWN]])
def test_one_hidden_camera_refuses_a_whole_mux(cameras: list[str]) -> None:
    async def walk(server: Server) -> None:
        query = "&".join(f"camera_id={name}" for name in cameras)
        answer = await server.get(f"/streams/sse/mux?initial_channel={ALLOWED}&{query}")
        assert answer.status == 404
        assert json.loads(answer.text)["camera_ids"] == [SEEN]
        assert len(server.cameras[0].running.stream.connections) == 1  # that of the other viewer

    on_server(walk)


def test_events_are_those_of_what_a_token_may_see() -> None:
    async def walk(server: Server) -> None:
        log = server.manager.events
        log.add("camera_added", HIDDEN, "Added.")
        log.add("camera_added", SEEN, "Added.")
        log.add("health", SEEN, "One. Two.", {ALLOWED: "One.", KEPT: "Two."})
        log.add("health", SEEN, "Two.", {ALLOWED: "", KEPT: "Two."})
        log.close()
        assert (await server.get("/events")).text.count("event: ") == 0  # none is newer
        for token, count in ((LIMITED, 2), (WHOLE, 4)):
            path = "/events?camera_id=" + "&camera_id=".join(CAMERAS)
            ask = Ask("get", path, path, {}, None)
            answer = await answer_to(server.app, ask, token, [], **{"last-event-id": "1"})
            assert answer.text.count("event: ") == count, answer
            assert ("Two." in answer.text) is (token == WHOLE)

    on_server(walk)


def test_the_connection_of_another_gives_no_more_than_a_token_has() -> None:
    async def walk(server: Server) -> None:
        other = server.app.state.subscriptions.open(server.cameras[0], [ALLOWED])
        path, name = f"/streams/sse/{SEEN}/subscribe", other.connection_id

        async def status(method: str, channel: str) -> int:
            chosen = {"connection_id": name, "channel_type": channel}
            asked = path if method == "post" else f"{path}?{urlencode(chosen)}"
            body = chosen if method == "post" else None
            return (await server.answer(Ask(method, "", asked, {}, body))).status

        for method in ("post", "delete"):
            for channel in (KEPT, "raw", NO_CHANNEL):
                assert await status(method, channel) == 403
        assert other.channels == (ALLOWED,)
        assert await status("post", "detections") == 200
        assert await status("delete", ALLOWED) == 200

    on_server(walk)


@pytest.mark.parametrize("what", ["truth?from_pts=0&to_pts=9000", "trace?seconds=1"])
def test_what_shows_more_than_one_channel_needs_them_all(what: str) -> None:
    async def walk(server: Server) -> None:
        assert (await server.get(f"/cameras/{SEEN}/{what}")).status == 403
        assert (await server.get(f"/cameras/{HIDDEN}/{what}")).status == 404

    on_server(walk)


def test_metrics_are_for_tokens_without_limits() -> None:
    async def walk(server: Server) -> None:
        assert (await server.get("/metrics")).status == 403
        assert HIDDEN in (await server.get("/metrics", WHOLE)).text

    on_server(walk)


def test_an_admin_of_some_cameras_changes_only_those() -> None:
    async def walk(server: Server) -> None:
        removed: list[str] = []

        async def remove(camera_id: str) -> None:
            removed.append(camera_id)

        server.manager.forget_camera = remove  # type: ignore[method-assign]

        async def ask(method: str, camera_id: str, token: str = HALF_ADMIN) -> int:
            path = f"/cameras/{camera_id}"
            return (await server.answer(Ask(method, path, path, {}, {}), token)).status

        for method in ("patch", "delete"):
            assert [await ask(method, name) for name in (HIDDEN, UNKNOWN)] == [404, 404]
            assert [await ask(method, SEEN, token) for token in (LIMITED, WHOLE)] == [403, 403]
        assert await ask("patch", SEEN) == 200
        assert await ask("delete", SEEN) == 204
        assert removed == [SEEN]

    on_server(walk)


def test_an_admin_of_some_cameras_adds_only_those() -> None:
    async def walk(server: Server) -> None:
        async def add(camera_id: str, token: str = HALF_ADMIN) -> Answer:
            body = {"camera_id": camera_id, "source": "rtsp://127.0.0.1/x"}
            return await server.answer(Ask("post", "", "/cameras", {}, body), token)

        assert (await add(SEEN, LIMITED)).status == 403
        assert await add(HIDDEN) == await add("cellar")
        assert "id" in (await add(HIDDEN)).text
        assert "source" in (await add("stray")).text  # its id is allowed, its source is not
        assert (await add("stray")).status == 403

    on_server(walk)


def test_what_is_mounted_needs_an_admin_of_all_cameras() -> None:
    limited = {"token": HALF_ADMIN, "cameras": ["str*"]}
    settings = Settings(admin_tokens=[ADMIN, limited], allowed_hosts=["server"])  # type: ignore[list-item]
    app = create_app(StreamChannelManager(settings), SourcePolicy(frozenset()), {"/extra": mount})

    def status(token: str) -> int:
        path = "/extra/"
        return asyncio.run(answer_to(app, Ask("get", path, path, {}, None), token, [])).status

    assert [status(token) for token in (HALF_ADMIN, ADMIN)] == [403, 200]
    for token, answer in ((HALF_ADMIN, 403), (ADMIN, 101)):
        headers = [("Host", "server"), ("Authorization", f"Bearer {token}")]
        assert connect(app, [*headers, ("Origin", "http://server")], path="/extra/ws") == answer


def test_without_admin_tokens_only_one_without_limits_changes_cameras() -> None:
    settings = Settings(tokens=TOKENS, allowed_hosts=["server"])  # type: ignore[arg-type]

    async def patch(token: str) -> int:
        app = create_app(StreamChannelManager(settings), SourcePolicy(frozenset()))
        ask = Ask("patch", "", "/cameras/none", {}, {})
        return (await answer_to(app, ask, token, [])).status

    assert [asyncio.run(patch(token)) for token in (LIMITED, WHOLE)] == [403, 404]


def test_redaction_and_limits_add_up() -> None:
    async def walk() -> None:
        limited = {"token": LIMITED, "cameras": [SEEN]}
        settings = Settings(tokens=[WHOLE], unredacted_tokens=[limited], allowed_hosts=["server"])  # type: ignore[list-item]
        manager = StreamChannelManager(settings)
        cameras = [StillCamera(name, (ALLOWED,)) for name in (SEEN, HIDDEN)]
        for camera in cameras:
            manager._cameras[camera.camera_id] = camera
            camera.change(renderer=Pixelate())
        app = create_app(manager, SourcePolicy(frozenset()))

        async def status(camera_id: str, view: str, token: str) -> int:
            path = f"/streams/sse/{camera_id}/dual?initial_channel={view}"
            return (await answer_to(app, Ask("get", "", path, {}, None), token, cameras)).status

        assert [await status(SEEN, "raw", token) for token in (WHOLE, LIMITED)] == [403, 200]
        assert [await status(HIDDEN, ALLOWED, token) for token in (WHOLE, LIMITED)] == [200, 404]

    asyncio.run(walk())
