"""A package that adds a source, a detector and a renderer, used in the ways that users have."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from streamlab import Lab
from streamlab.errors import ModelError, SourceError
from streamlab.media.spec import SourcePolicy, SourceSpec
from streamlab.settings import Settings
from tests.fakes.streamlab_process import StreamlabProcess

SQUARE = "square://moving?fps=20"
MOST_LOOKS = 100
Rgb = NDArray[np.uint8]


def middle(rgb: Rgb, box: list[float]) -> float:
    """Return how bright the middle of a box is, 0 to 255."""
    x, y = round(box[0] + box[2]) // 2, round(box[1] + box[3]) // 2
    return float(rgb[y - 2 : y + 2, x - 2 : x + 2].mean())


def test_a_camera_in_a_lab(example: list[str]) -> None:
    with Lab(name="plugins") as lab:
        cam = lab.add(SQUARE, detector="bright:180", renderer="dot")
        assert (cam.name, cam.detector.name, cam.detector.kind) == (
            "moving",
            "bright 180",
            "plugin",
        )
        for _ in range(MOST_LOOKS):
            shot = cam.snapshot()
            if shot.boxes:
                break
        assert shot.raw.shape == (180, 320, 3)
        (row,) = shot.boxes
        assert row[4:6] == ["bright", 1.0]
        box = [side for side in row[:4] if isinstance(side, float)]
        assert [box[2] - box[0], box[3] - box[1]] == pytest.approx([40, 40], abs=4)
        assert middle(shot.raw, box) > 220
        assert middle(shot.annotated, box) < 40
        assert cam._shown.camera.errors == []
        cam.renderer = "boxes"
        cam.renderer = "dot"
        with pytest.raises(ModelError, match="there is no renderer 'star'") as caught:
            cam.renderer = "star"
        assert caught.value.hint == "There are: boxes, pixelate, blur, dot."


def test_a_camera_of_a_server(
    example: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*example, *filter(None, known)]))
    arguments = ["--camera", f"yard={SQUARE}", "--model", "bright", "--renderer", "dot"]
    arguments += ["--allow-scheme", "square"]
    with StreamlabProcess(tmp_path / "log", *arguments) as server:
        added = httpx.post(
            f"{server.url}/cameras", json={"camera_id": "gate", "source": SQUARE}, timeout=60.0
        )
        assert added.status_code == 201, added.text
        wrong = {"camera_id": "door", "source": "square://moving?fps=900"}
        refused = httpx.post(f"{server.url}/cameras", json=wrong, timeout=60.0)
        assert (refused.status_code, refused.json()["detail"]) == (422, "fps is 900")
        cameras = httpx.get(f"{server.url}/cameras", timeout=60.0).json()["cameras"]
    assert [camera["camera_id"] for camera in cameras] == ["yard", "gate"]
    for camera in cameras:
        assert (camera["state"], camera["width"], camera["height"]) == ("live", 320, 180)
        (annotated,) = [each for each in camera["channels"] if each["kind"] == "annotated"]
        assert annotated["renderer"]["name"] == "dot"
        assert annotated["detector"]["name"] == "bright 200"
        assert annotated["detector"]["kind"] == "plugin"


def test_a_scheme_must_be_allowed_like_any_other(example: list[str]) -> None:
    spec = SourceSpec.parse(SQUARE)
    with pytest.raises(SourceError, match="sources of type 'square' are not allowed") as caught:
        SourcePolicy.of(Settings().allowed_schemes, [], []).check(spec)
    assert "--allow-scheme square" in caught.value.hint
    allowed = Settings(allowed_schemes=["square"]).allowed_schemes
    SourcePolicy.of(allowed, [], []).check(spec)


def test_credentials_in_its_address_are_not_shown(example: list[str]) -> None:
    spec = SourceSpec.parse("SQUARE://user:secret@moving?token=abcdef&fps=5#once")
    assert spec.kind == "square"
    assert spec.display == "square://moving?token=***&fps=5#once"
    assert "secret" not in repr(spec)
