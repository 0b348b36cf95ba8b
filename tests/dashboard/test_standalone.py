"""The arguments of ``panel serve apps/dashboard.py``."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("panel")
from streamlab.dashboard.choices import Choices
from streamlab.errors import InvalidRequestError, ModelError, SourceError, StreamlabError
from streamlab.lab.standalone import StandaloneCameras

TINY = "synthetic://traffic?width=160&height=90&fps=15"
APP = Path(__file__).parent.parent.parent / "apps" / "dashboard.py"
PAGE = "http://localhost:5006"


def served(arguments: Sequence[str]) -> tuple[dict[str, str], Choices]:
    """Return the detectors of the cameras that run with these arguments, and the choices."""
    own = StandaloneCameras(arguments, PAGE)
    try:
        detectors = {name: cam.detector.name for name, cam in own.lab.cameras.items()}
        with ThreadPoolExecutor(1) as thread:  # a browser of other tests may have a loop here
            return detectors, thread.submit(asyncio.run, own.cameras.choices()).result()
    finally:
        own.lab.close()


def test_models_are_of_all_cameras_or_of_one(tmp_path: Path) -> None:
    arguments = [f"a={TINY}", "--model", "none", "--camera-model", "b=street", f"b={TINY}&seed=2"]
    detectors, choices = served([*arguments, "--allow-folder", str(tmp_path)])
    assert detectors == {"a": "none", "b": "street.onnx"}
    assert choices.file_help == f"An .onnx file in {tmp_path}."
    assert f"a video file in {tmp_path}" in choices.source_help


def test_without_arguments_there_is_a_street_with_the_shipped_model() -> None:
    detectors, _ = served([])
    assert detectors == {"traffic": "street.onnx"}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (["--modle", "x"], InvalidRequestError, "--modle"),
        (["--model"], InvalidRequestError, "--model"),
        ([f"a={TINY}", "--camera-model", "b=street"], InvalidRequestError, "no camera 'b'"),
        (["--camera-model", "street"], InvalidRequestError, "NAME=MODEL"),
        (["--model", "nowhere.onnx"], ModelError, "nowhere.onnx"),
        (["a=nowhere.mp4"], SourceError, "nowhere.mp4"),
    ],
)
def test_a_mistake_is_told_in_words(
    arguments: Sequence[str], error: type[StreamlabError], words: str
) -> None:
    with pytest.raises(error, match=words):
        StandaloneCameras(arguments, PAGE)


def test_help_explains_all_arguments() -> None:
    done = subprocess.run(
        [sys.executable, APP, "--help"], capture_output=True, text=True, check=True
    )
    for name in ("NAME=SOURCE", "--model", "--camera-model", "--allow-folder", "Examples:"):
        assert name in done.stdout
