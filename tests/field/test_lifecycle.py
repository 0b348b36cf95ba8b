"""A camera that fails harms nobody, is shown with its reason, and comes back by itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes import videos
from tests.fakes.http_camera import HttpCamera
from tests.fakes.rtsp_server import free_port
from tests.fakes.streamlab_process import StreamlabProcess
from tests.field.lifecycle import listed, wait_for
from tests.wire.client import READ_TIMEOUT_S, Stream

STREET = "synthetic://traffic?width=320&height=180&fps=10"


@pytest.fixture
def camera() -> Iterator[HttpCamera]:
    with HttpCamera() as made:
        yield made


def test_all_cameras_of_the_start_exist_and_go_live_when_they_can(
    camera: HttpCamera, tmp_path: Path
) -> None:
    camera.status = 404  # it boots
    sources = {
        "street": STREET,
        "boots": f"{camera.url}/mjpeg?fps=20",
        "text": str(videos.text(tmp_path / "text.mp4")),
        "never": "gopher://example/1",
        "refused": f"http://127.0.0.1:{free_port()}/x",
        "nobody": "http://no-such-host.invalid/x",
    }
    cameras = [f"--camera={name}={source}" for name, source in sources.items()]
    with StreamlabProcess(tmp_path / "log", *cameras, open_timeout=5) as server:
        found = listed(server)
        assert list(found) == ["street", "boots", "text", "refused", "nobody", "never"]
        assert found["street"]["state"] == "live"
        assert (found["text"]["state"], found["text"]["retry_at"]) == ("failed", None)
        assert found["never"]["state"] == "failed"
        assert "gopher" in found["never"]["detail"]
        wait_for(lambda: "host name is not known" in listed(server)["nobody"]["detail"])
        wait_for(lambda: "refused" in listed(server)["refused"]["detail"])
        wait_for(lambda: listed(server)["boots"]["retry_at"] is not None)
        boots = listed(server)["boots"]
        assert boots["state"] == "connecting"
        assert "404 Not Found" in boots["detail"]
        assert boots["width"] is None
        assert httpx.get(f"{server.url}/readyz?ready=all", timeout=60.0).status_code == 503
        camera.status = None
        wait_for(lambda: listed(server)["boots"]["state"] == "live")
        assert listed(server)["boots"]["width"] == 320
        with Stream(server.url, "/streams/sse/boots/dual") as stream:
            stream.read_media(0.2, "raw")


def test_a_lone_file_that_is_no_video_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="not a video"),
        StreamlabProcess(tmp_path / "log", f"--camera=a={videos.text(tmp_path / 'a.mp4')}"),
    ):
        pass
    assert "Watch" not in (tmp_path / "log").read_text()


def test_a_camera_that_is_being_opened_can_be_asked_for_again_and_removed(
    camera: HttpCamera, tmp_path: Path
) -> None:
    body = {"camera_id": "slow", "source": f"{camera.url}/silent"}
    arguments = ["--camera", f"street={STREET}", "--allow-scheme", "http"]
    with StreamlabProcess(tmp_path / "log", *arguments, open_timeout=300) as server:
        answers: list[httpx.Response] = []

        def post() -> None:
            answers.append(httpx.post(f"{server.url}/cameras", json=body, timeout=READ_TIMEOUT_S))

        asking = threading.Thread(target=post)
        asking.start()
        wait_for(lambda: bool(camera.paths))
        again = httpx.post(f"{server.url}/cameras", json=body, timeout=READ_TIMEOUT_S)
        assert again.status_code == 409
        assert "being opened" in again.json()["detail"]
        deleted = httpx.delete(f"{server.url}/cameras/slow", timeout=READ_TIMEOUT_S)
        assert deleted.status_code == 204
        asking.join()
        assert answers[0].status_code == 503
        assert "slow" not in listed(server)
        kept = httpx.post(f"{server.url}/cameras", json=body | {"keep": True}, timeout=60.0)
        assert (kept.status_code, kept.json()["state"]) == (202, "connecting")
        assert "slow" in listed(server)
        assert httpx.delete(f"{server.url}/cameras/slow", timeout=60.0).status_code == 204


def test_a_silent_camera_is_answered_in_bounded_time(camera: HttpCamera, tmp_path: Path) -> None:
    arguments = ["--camera", f"street={STREET}", "--allow-scheme", "http"]
    body = {"camera_id": "slow", "source": f"{camera.url}/silent"}
    with StreamlabProcess(tmp_path / "log", *arguments, open_timeout=0.5) as server:
        answer = httpx.post(f"{server.url}/cameras", json=body, timeout=READ_TIMEOUT_S)
        assert answer.status_code == 503
        assert "slow" not in listed(server)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_with_seven_hanging_openings_stops_cleanly(
    camera: HttpCamera, tmp_path: Path, number: signal.Signals
) -> None:
    hanging = [f"--camera=h{index}={camera.url}/silent?{index}" for index in range(7)]
    arguments = [f"--camera=street={STREET}", *hanging]
    with StreamlabProcess(
        tmp_path / "log", *arguments, open_timeout=300, ready_path="/healthz"
    ) as server:
        wait_for(lambda: len(camera.paths) >= 7)
        server.process.send_signal(number)
        assert server.process.wait(READ_TIMEOUT_S) == 0
    assert "Stopped." in (tmp_path / "log").read_text()


@pytest.mark.long
def test_pictures_that_stop_are_told_and_the_camera_opened_anew(
    camera: HttpCamera, tmp_path: Path
) -> None:
    source = f"{camera.url}/mjpeg?fps=25&frames=30"
    with StreamlabProcess(tmp_path / "log", f"--camera=cam={source}", stall_after=1) as server:
        with Stream(server.url, "/streams/sse/cam/dual") as stream:
            states: list[str] = []
            while "stalled" not in states or "live" not in states[states.index("stalled") :]:
                event = stream.next_event()
                if event.name == "source":
                    states.append(event.data["state"])
            stream.read_media(0.2, "raw")
        assert len(camera.paths) >= 2
        assert listed(server)["cam"]["state"] in ("live", "stalled")
