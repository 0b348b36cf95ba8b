"""Loads an ONNX model file and reads its inputs and metadata."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import DTypeLike
from onnxruntime.capi import (  # type: ignore[import-untyped]
    onnxruntime_pybind11_state as ort_errors,
)

from streamlab.cores import usable_cores
from streamlab.detect import onnx_bounds
from streamlab.detect.onnx_identify import EXPORT_HINT
from streamlab.detect.onnx_metadata import MAX_SIDE_PX, Metadata, read_metadata
from streamlab.detect.providers import Provider
from streamlab.errors import ModelError, ModelFormatError, ModelNotFoundError

DEFAULT_INPUT_SIZE = (640, 640)
DEFAULT_STRIDE = 32
MAX_BATCH = 256
_MAX_INPUT_PX = 2**28  # of a whole batch: 3 GiB of floats
_DTYPES: Mapping[str, DTypeLike] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
_SIZE_DTYPES: Mapping[str, DTypeLike] = {
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(float)": np.float32,
}
_SIZES_INPUT = "orig_target_sizes"  # of RT-DETR: width and height to which boxes are scaled
_PREFERRED_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
_LOG_ERRORS_ONLY = 3
_OUTSIDE = ("escapes model directory", "Absolute path not allowed")  # ONNX Runtime's words

# ONNX Runtime's errors have no common base class.
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
    """A model's inputs and metadata."""

    input_name: str
    dtype: DTypeLike
    max_batch: int | None
    """Fixed number of pictures per batch; None means any number."""
    input_size: tuple[int, int]
    """Width and height of the input, px; the largest ones if the size is dynamic."""
    dynamic_stride: int | None
    """Width and height may be any multiple of this; None means that the size is fixed."""
    metadata: Metadata
    sizes_input: tuple[str, DTypeLike] | None = None
    """Name and type of a second input: the width and height to which boxes are scaled."""

    @property
    def names(self) -> Mapping[int, str] | None:
        """Class names by class id; None if the model does not state them."""
        return self.metadata.names

    @property
    def task(self) -> str | None:
        """Task that it was exported for; None if the model does not state it."""
        return self.metadata.task


def open_session(
    path: Path, *, threads: int | None = None, providers: Sequence[Provider] | None = None
) -> onnxruntime.InferenceSession:
    """Load a model file.

    Args:
        path: the ``.onnx`` file.
        threads: number of cores that one inference may use, by default 1 or 2. Threads do not
            spin while they wait, because encoders need the cores.
        providers: ONNX Runtime's execution providers, best first; by default CUDA where it is
            available, then CPU.

    Raises:
        ModelNotFoundError: the file is missing.
        ModelFormatError: the path is not a file, or the file is damaged, too large or not an ONNX
            model, or refers to data outside its folder.
        ModelError: loading takes too long, a provider is not available, or the first one requested
            does not start.
    """
    if not os.path.exists(path):  # noqa: PTH110  # never raises, however long a name is
        raise ModelNotFoundError(f"there is no model file '{path}'", hint="Check the path.")
    onnx_bounds.check_file(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or min(2, max(1, usable_cores() // 2))
    options.inter_op_num_threads = 1
    options.log_severity_level = _LOG_ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    chosen = _check_providers(providers)
    try:
        session = onnx_bounds.within(
            onnx_bounds.LOAD_TIMEOUT_S,
            partial(onnxruntime.InferenceSession, str(path), options, providers=chosen),
            partial(options.set_load_cancellation_flag, True),
            f"'{path}' could not be loaded",
        )
    except RUNTIME_ERRORS as error:
        raise _refuse_load(path, error) from error
    # ONNX Runtime continues without a provider whose libraries it cannot load.
    if providers and _name(providers[0]) not in session.get_providers():
        raise ModelError(
            f"{_name(providers[0])} cannot be started",
            hint="A library or the device is missing; the output of ONNX Runtime names it.",
        )
    return session


def read_card(session: onnxruntime.InferenceSession, path: Path) -> ModelCard:
    """Read a model's inputs and metadata. Raises ModelFormatError if it cannot be used."""
    with _decoding(path):
        entries, inputs = session.get_modelmeta().custom_metadata_map, session.get_inputs()
    metadata = read_metadata(entries, str(path))
    if metadata.task not in (None, "detect"):
        raise ModelFormatError(
            f"'{path}' is a model for '{metadata.task}', not for detection", hint=EXPORT_HINT
        )
    sizes = [one for one in inputs if one.name == _SIZES_INPUT and one.type in _SIZE_DTYPES]
    pictures = [one for one in inputs if one.name != _SIZES_INPUT]
    if len(pictures) != 1 or len(sizes) != len(inputs) - 1:
        raise _refuse_input(inputs, path)
    images = pictures[0]
    if len(images.shape) == 4 and images.shape[3] == 3 and _fixed(images.shape[1]) != 3:
        raise ModelFormatError(
            f"'{path}' takes {images.name} {images.shape}, channels last (NHWC), not "
            "[batch, 3, height, width]",
            hint="Export it with channels first; with tf2onnx: --inputs-as-nchw INPUT.",
        )
    if len(images.shape) != 4 or (_fixed(images.shape[1]) or 3) != 3:
        raise _refuse_input(inputs, path)
    if images.type not in _DTYPES:
        raise ModelFormatError(
            f"'{path}' takes {images.type}, not {', '.join(_DTYPES)}", hint=EXPORT_HINT
        )
    fixed_height, fixed_width = _fixed(images.shape[2]), _fixed(images.shape[3])
    width, height = metadata.input_size or DEFAULT_INPUT_SIZE
    size = (fixed_width or width, fixed_height or height)
    dynamic = fixed_width is None and fixed_height is None
    batch = _fixed(images.shape[0])
    if max(size) > MAX_SIDE_PX or (batch or 1) > MAX_BATCH or _px(size, batch) > _MAX_INPUT_PX:
        raise ModelFormatError(
            f"'{path}' takes {batch or 1} pictures of {size[0]}x{size[1]} px, which is too much",
            hint=f"Sides of up to {MAX_SIDE_PX} px and batches of up to {MAX_BATCH} can be run.",
        )
    return ModelCard(
        input_name=images.name,
        dtype=_DTYPES[images.type],
        max_batch=batch,
        input_size=size,
        dynamic_stride=(metadata.stride or DEFAULT_STRIDE) if dynamic else None,
        metadata=metadata,
        sizes_input=(sizes[0].name, _SIZE_DTYPES[sizes[0].type]) if sizes else None,
    )


def output_names(session: onnxruntime.InferenceSession, path: Path) -> list[str]:
    """Return the names of a model's outputs. Raises ModelFormatError if one is too large."""
    with _decoding(path):
        outputs = session.get_outputs()
        names = [output.name for output in outputs]
    onnx_bounds.check_outputs([output.shape for output in outputs], path)
    return names


def refuse_run(path: Path, error: Exception) -> ModelFormatError:
    """Return the error for a model that loads but fails on its first picture."""
    return ModelFormatError(f"'{path}' cannot be run ({_reason(error)})", hint=EXPORT_HINT)


def _refuse_load(path: Path, error: Exception) -> ModelFormatError:
    if any(words in str(error) for words in _OUTSIDE):
        return ModelFormatError(
            f"'{path}' refers to data outside its folder",
            hint="Export it again, with its data in a file beside it.",
        )
    return ModelFormatError(
        f"'{path}' is damaged or not an ONNX model ({_reason(error)})", hint=EXPORT_HINT
    )


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    """Refuse a model whose texts are not UTF-8."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise ModelFormatError(
            f"'{path}' has names or metadata that are not UTF-8", hint=EXPORT_HINT
        ) from error


def _check_providers(asked: Sequence[Provider] | None) -> list[Provider]:
    available: list[str] = onnxruntime.get_available_providers()
    if asked is None:
        return [name for name in _PREFERRED_PROVIDERS if name in available]
    missing = [_name(one) for one in asked if _name(one) not in available]
    if missing:
        raise ModelError(
            f"this ONNX Runtime does not support {', '.join(missing)}",
            hint=f"It supports {', '.join(available)}.",
        )
    return list(asked)


def _name(provider: Provider) -> str:
    return provider if isinstance(provider, str) else provider[0]


def _fixed(dimension: int | str | None) -> int | None:
    return dimension if isinstance(dimension, int) and dimension > 0 else None


def _px(size: tuple[int, int], batch: int | None) -> int:
    return size[0] * size[1] * (batch or 1)


def _refuse_input(inputs: Sequence[onnxruntime.NodeArg], path: Path) -> ModelFormatError:
    takes = ", ".join(f"{one.name} {one.shape}" for one in inputs[:8])
    return ModelFormatError(
        f"'{path}' takes {takes}, not pictures [batch, 3, height, width]", hint=EXPORT_HINT
    )


def _reason(error: Exception) -> str:
    return str(error).rsplit(" : ", maxsplit=1)[-1].strip()
