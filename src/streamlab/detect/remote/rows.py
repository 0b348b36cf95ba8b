"""Detections as bytes, and back: boxes, scores, ids, names, masks and further data of each box.

Rules: what is sent has passed ``checked_detections``. Further data is sent if it is numbers or
text; other objects, and masks of more than ``MAX_MASK_BITS``, are dropped and counted.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from streamlab.detect.answer import MAX_BOXES, is_complete, mark_incomplete
from streamlab.detect.remote.messages import MAX_COLUMNS, Column, Rows
from streamlab.processes.message_socket import MessageError

MAX_MASK_BITS = 1 << 28  # 32 MiB
MAX_DATA_BYTES = 1 << 20
"""Of one entry of ``Detections.data``."""
_DTYPES = {"xyxy": "<f4", "confidence": "<f4", "class_id": "<i8", "tracker_id": "<i8"}
_DATA_DTYPE = re.compile(r"[|<][biuf][1248]|[<]U[1-9][0-9]{0,3}")


def rows_of(found: sv.Detections, dropped: Counter[str]) -> Rows:
    """Return checked detections as rows; count in ``dropped`` what cannot be sent."""
    count = len(found)
    columns = {
        name: _column(np.asarray(value, dtype))
        for name, dtype in _DTYPES.items()
        if (value := getattr(found, name)) is not None
    }
    data: dict[str, Column] = {}
    for key, value in found.data.items():
        column = _data_column(value)
        if column is None or len(key) > 64 or len(data) == MAX_COLUMNS:
            dropped["data_dropped"] += 1
        else:
            data[key] = column
    mask = _packed(found.mask, dropped) if count else None
    return Rows(count, columns if count else {}, data, mask, not is_complete(found))


def detections_of(rows: Rows) -> sv.Detections:
    """Return the detections that rows stand for. Raises MessageError if they contradict."""
    if rows.count > MAX_BOXES:
        raise MessageError(f"an answer has {rows.count} boxes, more than {MAX_BOXES}")
    found = _boxes_of(rows) if rows.count else sv.Detections.empty()
    if rows.incomplete:
        mark_incomplete(found)
    return found


def _boxes_of(rows: Rows) -> sv.Detections:
    count = rows.count
    xyxy = _numbers(rows, "xyxy", (count, 4))
    if xyxy is None:
        raise MessageError("an answer has no boxes")
    found = sv.Detections(np.zeros((count, 4), np.float32))
    found.xyxy = xyxy  # the constructor would refuse boxes that are not finite
    found.confidence = _numbers(rows, "confidence", (count,))
    found.class_id = _numbers(rows, "class_id", (count,))
    found.tracker_id = _numbers(rows, "tracker_id", (count,))
    found.mask = None if rows.mask is None else _unpacked(rows.mask, count)
    found.data = {key: _array(column, count) for key, column in rows.data.items()}
    return found


def _column(values: NDArray[np.generic]) -> Column:
    return Column(values.dtype.str, values.shape, values.tobytes())


def _data_column(value: object) -> Column | None:
    values = np.asarray(value) if isinstance(value, list | np.ndarray) else None
    if values is None:
        return None
    values = values.astype(values.dtype.newbyteorder("<"), copy=False)
    fits = _DATA_DTYPE.fullmatch(values.dtype.str) and values.nbytes <= MAX_DATA_BYTES
    return _column(values) if fits and 1 <= values.ndim <= 8 else None


def _packed(mask: Any, dropped: Counter[str]) -> Column | None:
    if mask is None:
        return None
    shape: tuple[int, ...] = tuple(mask.shape)
    if math.prod(shape) > MAX_MASK_BITS:
        dropped["masks_dropped"] += shape[0]
        return None
    bits = np.packbits(np.asarray(mask).astype(bool, copy=False))
    return Column("|b1", shape, bits.tobytes())


def _unpacked(mask: Column, count: int) -> NDArray[np.bool_]:
    bits = math.prod(mask.shape)
    fits = len(mask.shape) == 3 and mask.shape[0] == count and min(mask.shape) >= 0
    if not fits or bits > MAX_MASK_BITS or len(mask.data) != -(-bits // 8):
        raise MessageError("an answer has masks of another size than it says")
    flat = np.unpackbits(np.frombuffer(mask.data, np.uint8), count=bits)
    return flat.view(np.bool_).reshape(mask.shape)


def _numbers(rows: Rows, name: str, shape: tuple[int, ...]) -> Any:
    column = rows.columns.get(name)
    if column is None:
        return None
    if column.dtype != _DTYPES[name] or column.shape != shape:
        raise MessageError(f"an answer has {name} of {column.dtype} {column.shape}")
    return _array(column, shape[0])


def _array(column: Column, count: int) -> NDArray[np.generic]:
    """Return a column as an array of its own, which may be written to."""
    if not _DATA_DTYPE.fullmatch(column.dtype) or min(column.shape) < 0:
        raise MessageError(f"an answer has data of {column.dtype} {column.shape}")
    dtype = np.dtype(column.dtype)
    fits = column.shape[0] == count
    if not fits or math.prod(column.shape) * dtype.itemsize != len(column.data):
        raise MessageError("an answer has data of another size than it says")
    return np.frombuffer(column.data, dtype).reshape(column.shape).copy()
