"""Cameras of a file, as they are served, and those added over HTTP, after a restart."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import httpx
import pytest

from tests.fakes import videos
from tests.fakes.locked_camera import LockedCamera
from tests.fakes.streamlab_process import StreamlabProcess

from .client import Stream

SMALL = "synthetic://traffic?width=320&height=180&fps=15&seed=1"
CONFIGURATION = f"""
allowed_schemes = ["synthetic", "http"]

[[cameras]]
name = "all"
source = "{SMALL}"
model = "truth"

[[cameras]]
name = "some"
source = "{SMALL}"
model = "truth"
classes = ["person", "bicycle"]
quality = "low"

[[cameras]]
name = "off"
source = "{SMALL}"
enabled = false

[[cameras]]
name = "locked"
source = "http://HOST/cam"
username = "zoltan"
password = "env:CAM_PASSWORD"
model = "none"
"""


def class_names(stream: Stream) -> set[str]:
    fragments = stream.fragments("annotated")
    return {row[4] for each in fragments for frame in each.frames for row in frame["detections"]}


def test_a_server_runs_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAM_PASSWORD", "s3#cret/?")
    video = videos.baseline(tmp_path / "video.mp4")
    path = tmp_path / "cameras.toml"
    with LockedCamera(video, "zoltan:s3#cret/?") as locked:
        path.write_text(CONFIGURATION.replace("HOST", locked.host))
        with StreamlabProcess(tmp_path / "log", "--config", str(path), "-v") as server:
            listed = httpx.get(f"{server.url}/cameras", timeout=30.0)
            names = [each["camera_id"] for each in listed.json()["cameras"]]
            assert names == ["all", "some", "locked"]
            found = {}
            for name in ("all", "some"):
                url = f"/streams/sse/{name}/dual"
                with Stream(server.url, url, initial_channel="annotated") as stream:
                    stream.read_media(2.0, "annotated")
                found[name] = class_names(stream)
                quality = {each.quality for each in stream.fragments("annotated")}
                assert quality == ({"low"} if name == "some" else {"medium"})
            with Stream(
                server.url, url, annotated_quality="high", initial_channel="both"
            ) as stream:
                stream.read_media(0.2, "raw", "annotated")
            assert {each.quality for each in stream.fragments("annotated")} == {"high"}
            assert {each.quality for each in stream.fragments("raw")} == {"low"}
    assert found["all"] > found["some"]
    assert found["some"] <= {"person", "bicycle"}
    for text in (listed.text, (tmp_path / "log").read_text()):
        assert "s3#cret" not in text
        assert "zoltan" not in text


def test_cameras_added_over_http_survive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state"
    arguments = ["--camera", f"street={SMALL}", "--model", "none"]

    def ids(server: StreamlabProcess) -> list[str]:
        listing = httpx.get(f"{server.url}/cameras", timeout=30.0).json()["cameras"]
        return [each["camera_id"] for each in listing]

    with StreamlabProcess(tmp_path / "log", *arguments, state_folder=state) as server:
        with httpx.Client(base_url=server.url, timeout=30.0) as http:
            for name in ("kept", "gone"):
                body = {"camera_id": name, "source": SMALL, "classes": ["car"], "confidence": 0.5}
                assert http.post("/cameras", json=body).status_code == 201
            bad = {"camera_id": "bad", "source": SMALL, "confidence": 2}
            assert http.post("/cameras", json=bad).status_code == 422
            assert http.delete("/cameras/gone").status_code == 204
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
    (stored,) = json.loads((state / "cameras.json").read_text())
    assert stored == {"name": "kept", "source": SMALL, "classes": ["car"], "confidence": 0.5}
    with StreamlabProcess(tmp_path / "log", *arguments, state_folder=state) as server:
        assert ids(server) == ["street", "kept"]
        assert httpx.delete(f"{server.url}/cameras/kept", timeout=30.0).status_code == 204
    with StreamlabProcess(tmp_path / "log", *arguments, state_folder=state) as server:
        assert ids(server) == ["street"]


def test_what_may_no_longer_be_opened_is_left_out(tmp_path: Path) -> None:
    stored = [
        {"name": "kept", "source": SMALL},
        {"name": "sly", "source": "http://127.0.0.1:1/x"},
        {"name": "lost", "source": "synthetic://traffic?width=1"},
        {"name": "street", "source": SMALL, "model": "street"},
        {"name": "code", "source": SMALL, "model": "/home/x/code.pt"},
    ]
    (tmp_path / "cameras.json").write_text(json.dumps(stored))
    with StreamlabProcess(tmp_path / "log", "--model", "none", state_folder=tmp_path) as server:
        listed = httpx.get(f"{server.url}/cameras", timeout=30.0).json()["cameras"]
        assert [each["camera_id"] for each in listed] == ["kept", "street"]
    log = (tmp_path / "log").read_text()
    assert "sly: sources of type 'http' are not allowed; left out" in log
    assert "width" in log
    assert "code: the model '/home/x/code.pt' is not one that may be chosen here; left out" in log
