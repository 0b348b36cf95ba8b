from __future__ import annotations

import onnxruntime  # type: ignore[import-untyped]
import pytest

from streamlab.detect.load import load_detector
from streamlab.detect.onnx import OnnxDetector
from streamlab.detect.providers import CPU, PROVIDERS, find_provider, short_name
from streamlab.errors import ModelError

INSTALLED = onnxruntime.get_available_providers()
WHEELS = {
    "openvino": "onnxruntime-openvino",
    "cuda": "onnxruntime-gpu",
    "tensorrt": "onnxruntime-gpu",
}


def test_the_processor_is_always_there() -> None:
    assert find_provider("cpu") == find_provider("CPU") == [CPU]


@pytest.mark.parametrize("name", WHEELS)
def test_what_is_not_installed_is_refused_with_what_to_install(name: str) -> None:
    if PROVIDERS[name] in INSTALLED:
        pytest.skip(f"{name} is installed")
    with pytest.raises(ModelError, match=f"does not support {name}; it supports .*cpu") as caught:
        find_provider(name)
    assert WHEELS[name] in caught.value.hint


@pytest.mark.parametrize("name", WHEELS)
def test_what_is_installed_runs_the_shipped_model(name: str) -> None:
    if PROVIDERS[name] not in INSTALLED:
        pytest.skip(f"{name} is not installed")
    detector = load_detector("street", provider=name, threads=1)
    assert isinstance(detector, OnnxDetector)
    assert short_name(detector.provider) == name


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(ModelError, match="unknown execution provider 'warp'") as caught:
        load_detector("street", provider="warp")
    assert "cpu, openvino, cuda, tensorrt" in caught.value.hint


def test_names() -> None:
    assert short_name("CUDAExecutionProvider") == "cuda"
    assert short_name("AzureExecutionProvider") == "azure"
