"""An ONNX model that Ultralytics exported: what it says of itself, and what is refused."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import DTypeLike
from onnxruntime.capi import (  # type: ignore[import-untyped]
    onnxruntime_pybind11_state as ort_errors,
)

from streamlab.cores import usable_cores
from streamlab.detect.providers import Provider
from streamlab.errors import ModelError, ModelFormatError, ModelNotFoundError

DEFAULT_INPUT_SIZE = (640, 640)
DEFAULT_STRIDE = 32
_T = TypeVar("_T")
_DTYPES: Mapping[str, DTypeLike] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_PREFERRED_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
_LOG_ERRORS_ONLY = 3
_EXPORT_HINT = "Export a detection model with `yolo export model=yolo26n.pt format=onnx`."

# ONNX Runtime's errors have no base class of their own.
RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    ort_errors.EPFail,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model takes, and what its classes are called."""

    input_name: str
    dtype: DTypeLike
    max_batch: int | None
    """How many pictures it takes at a time, always; None means any number."""
    input_size: tuple[int, int]
    """Width and height of the input, px; the largest one when the size is dynamic."""
    dynamic_stride: int | None
    """Width and height may be any multiple of it; None means that the size is fixed."""
    names: Mapping[int, str] | None
    """Class names by class number; None when the model does not say."""
    task: str | None


def open_session(
    path: Path, *, threads: int | None = None, providers: Sequence[Provider] | None = None
) -> onnxruntime.InferenceSession:
    """Load a model file.

    ``threads`` is how many cores one inference may use: 1 or 2 when not given, and they do not
    spin while they wait, because encoders want the cores. ``providers`` are ONNX Runtime's
    execution providers, best first: CUDA where it is there, then CPU, when not given.
    Raises ModelNotFoundError, ModelFormatError, and ModelError for a provider that is not there
    or, being the first one asked for, does not start.
    """
    if not path.exists():
        raise ModelNotFoundError(f"there is no model file '{path}'", hint="Check the path.")
    if path.is_dir():
        raise ModelFormatError(
            f"'{path}' is a folder, not a model", hint="Name the .onnx file itself."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or min(2, max(1, usable_cores() // 2))
    options.inter_op_num_threads = 1
    options.log_severity_level = _LOG_ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    chosen = _check_providers(providers)
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=chosen)
    except RUNTIME_ERRORS as error:
        raise ModelFormatError(
            f"'{path}' is damaged or not an ONNX model ({_reason(error)})", hint=_EXPORT_HINT
        ) from error
    # ONNX Runtime goes on without a provider whose libraries it cannot load.
    if providers and _name(providers[0]) not in session.get_providers():
        raise ModelError(
            f"{_name(providers[0])} does not start",
            hint="Its libraries or its device are missing; what ONNX Runtime printed says which.",
        )
    return session


def read_card(session: onnxruntime.InferenceSession, path: Path) -> ModelCard:
    """Return what the model says of itself. Raises ModelFormatError when it cannot be used."""
    metadata: dict[str, str] = session.get_modelmeta().custom_metadata_map
    task = metadata.get("task")
    if task not in (None, "detect"):
        raise ModelFormatError(
            f"'{path}' is a model for '{task}', not for detection", hint=_EXPORT_HINT
        )
    inputs = session.get_inputs()
    shape = inputs[0].shape
    if len(inputs) != 1 or len(shape) != 4 or (_fixed(shape[1]) or 3) != 3:
        takes = ", ".join(f"{one.name} {one.shape}" for one in inputs)
        raise ModelFormatError(
            f"'{path}' takes {takes}, not pictures [batch, 3, height, width]", hint=_EXPORT_HINT
        )
    if inputs[0].type not in _DTYPES:
        raise ModelFormatError(
            f"'{path}' takes {inputs[0].type}, not float or float16", hint=_EXPORT_HINT
        )
    fixed_height, fixed_width = _fixed(shape[2]), _fixed(shape[3])
    height, width = _read(metadata, "imgsz", DEFAULT_INPUT_SIZE, _to_size, path)
    stride = _read(metadata, "stride", DEFAULT_STRIDE, int, path)
    return ModelCard(
        input_name=inputs[0].name,
        dtype=_DTYPES[inputs[0].type],
        max_batch=_fixed(shape[0]),
        input_size=(fixed_width or width, fixed_height or height),
        dynamic_stride=stride if fixed_width is None and fixed_height is None else None,
        names=_read(metadata, "names", None, _to_names, path),
        task=task,
    )


def refuse_output(path: Path, shapes: Sequence[Sequence[int]], card: ModelCard) -> ModelFormatError:
    """Return the error for a model whose outputs are not those of a detection model."""
    classes = "no class names" if card.names is None else f"{len(card.names)} class names"
    given = ", ".join(str(list(shape)) for shape in shapes)
    return ModelFormatError(
        f"'{path}' gives {given} and has {classes}: neither [batch, n, 6] nor "
        "[batch, 4 + classes, anchors]",
        hint=_EXPORT_HINT,
    )


def refuse_run(path: Path, error: Exception) -> ModelFormatError:
    """Return the error for a model that loads but fails on its first picture."""
    return ModelFormatError(f"'{path}' cannot be run ({_reason(error)})", hint=_EXPORT_HINT)


def _check_providers(asked: Sequence[Provider] | None) -> list[Provider]:
    available: list[str] = onnxruntime.get_available_providers()
    if asked is None:
        return [name for name in _PREFERRED_PROVIDERS if name in available]
    missing = [_name(one) for one in asked if _name(one) not in available]
    if missing:
        raise ModelError(
            f"ONNX Runtime has no {', '.join(missing)} here",
            hint=f"It has {', '.join(available)}.",
        )
    return list(asked)


def _name(provider: Provider) -> str:
    return provider if isinstance(provider, str) else provider[0]


def _fixed(dimension: int | str | None) -> int | None:
    return dimension if isinstance(dimension, int) and dimension > 0 else None


def _read(
    metadata: Mapping[str, str], key: str, default: _T, convert: Callable[[Any], _T], path: Path
) -> _T:
    """Return one entry of the metadata, which Ultralytics writes as a Python literal."""
    text = metadata.get(key)
    if text is None:
        return default
    try:
        return convert(ast.literal_eval(text))
    except (ValueError, TypeError, SyntaxError) as error:
        raise ModelFormatError(
            f"'{path}' has unreadable metadata: {key} = {text[:80]}", hint=_EXPORT_HINT
        ) from error


def _to_size(value: int | Sequence[int]) -> tuple[int, int]:
    height, width = (value, value) if isinstance(value, int) else value
    return int(height), int(width)


def _to_names(value: Mapping[int, str] | Sequence[str]) -> dict[int, str] | None:
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    return {int(number): str(name) for number, name in pairs} or None


def _reason(error: Exception) -> str:
    return str(error).rsplit(" : ", maxsplit=1)[-1].strip()
