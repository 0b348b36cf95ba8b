"""Bounds on loading a model file: its size, its outputs, and how long it may take.

They keep a hostile or damaged file from being loaded without end. They do not bound the memory
that a model needs while it runs, nor the time of later runs. ONNX Runtime itself refuses external
data outside the model's folder, and folds no constant larger than 1 GiB.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from streamlab.errors import ModelError, ModelFormatError

MAX_MODEL_BYTES = 2**31  # of a protobuf message; larger models keep their data in other files
MAX_OUTPUT_VALUES = 2**28  # 1 GiB of floats
LOAD_TIMEOUT_S = 300.0  # providers that compile a model take minutes
RUN_TIMEOUT_S = 60.0  # for the first run, on a device that has to warm up
GRACE_S = 5.0  # in which a cancelled call should end
T = TypeVar("T")


def check_file(path: Path) -> None:
    """Raise ModelFormatError if the path is not that of a file of acceptable size."""
    if path.is_dir():
        raise ModelFormatError(
            f"'{path}' is a folder, not a model", hint="Name the .onnx file itself."
        )
    if not path.is_file():
        raise ModelFormatError(f"'{path}' is not a file", hint="Copy the model into a file.")
    size = path.stat().st_size
    if size > MAX_MODEL_BYTES:
        raise ModelFormatError(
            f"'{path}' has {size} bytes, more than {MAX_MODEL_BYTES}",
            hint="Export it with external data, in a file beside it.",
        )


def check_outputs(shapes: Sequence[Sequence[int | str | None]], path: Path) -> None:
    """Raise ModelFormatError if an output that the model declares is too large."""
    for shape in shapes:
        fixed = [side for side in shape if isinstance(side, int) and side > 0]
        if math.prod(fixed) > MAX_OUTPUT_VALUES:
            raise ModelFormatError(
                f"'{path}' gives {list(shape)}, which is too much",
                hint=f"An output of up to {MAX_OUTPUT_VALUES} values can be read.",
            )


def within(timeout_s: float, work: Callable[[], T], cancel: Callable[[], None], what: str) -> T:
    """Return what ``work`` returns. Raises its errors, and ModelError if it takes too long.

    ``work`` runs in a thread of its own. After ``timeout_s`` ``cancel`` is called, and if ``work``
    does not end then, its thread is abandoned. ``what`` says what took too long.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - passed on to the waiting caller
            outcome.set_exception(error)

    threading.Thread(target=run, name="load-model", daemon=True).start()
    ended = threading.Event()
    outcome.add_done_callback(lambda _: ended.set())
    if ended.wait(timeout_s):
        return outcome.result()
    cancel()
    ended.wait(GRACE_S)
    raise ModelError(
        f"{what} within {timeout_s:g} s",
        hint="Export a smaller model, without loops.",
    )
