"""Execution providers of ONNX Runtime, by short names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import onnxruntime  # type: ignore[import-untyped]

from streamlab.errors import ModelError

Provider: TypeAlias = str | tuple[str, Mapping[str, str]]
"""A provider as ONNX Runtime accepts it: its name, or its name and options."""

CPU = "CPUExecutionProvider"
PROVIDERS = {
    "cpu": CPU,
    "openvino": "OpenVINOExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
# Names of the wheels on PyPI; each replaces plain onnxruntime.
_WHEELS = {"openvino": "onnxruntime-openvino", "cuda": "onnxruntime-gpu"}
_WHEELS["tensorrt"] = _WHEELS["cuda"]


def short_name(provider: str) -> str:
    """Return the short name of an ONNX Runtime provider."""
    known = {full: short for short, full in PROVIDERS.items()}
    return known.get(provider, provider.removesuffix("ExecutionProvider").lower())


def find_provider(name: str, *, threads: int | None = None) -> list[Provider]:
    """Return the providers to request, best first: the named one, then those that it needs.

    What a provider cannot run goes to the next one: from TensorRT to CUDA, and from all to the
    CPU. Raises ModelError for an unknown name or a provider that is not installed.
    """
    full = PROVIDERS.get(name.lower())
    if full is None:
        raise ModelError(
            f"unknown execution provider '{name}'", hint=f"Choose from: {', '.join(PROVIDERS)}."
        )
    available: list[str] = onnxruntime.get_available_providers()
    if full not in available:
        wheel, here = _WHEELS[name.lower()], ", ".join(map(short_name, available))
        raise ModelError(
            f"this ONNX Runtime does not support {name.lower()}; it supports {here}",
            hint=f"Uninstall onnxruntime, then `pip install {wheel}`.",
        )
    if name.lower() == "openvino":
        return [(full, _openvino_options(threads)), CPU]
    if name.lower() == "tensorrt":
        return [full, PROVIDERS["cuda"], CPU]
    return [full] if full == CPU else [full, CPU]


def _openvino_options(threads: int | None) -> dict[str, str]:
    """Return options that limit OpenVINO to ``threads`` threads."""
    options = {"device_type": "CPU"}
    return options if threads is None else {**options, "num_of_threads": str(threads)}
