"""The trace table: one row per captured frame, in a DataFrame and in Parquet.

A file is self-describing: each field carries its meaning, and the schema's metadata holds the
description of the recording (``streamlab``, as JSON) and the version of the columns
(``streamlab_trace``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from streamlab.analysis.trace import NO_RESULT, Column, Trace, keyframes
from streamlab.errors import TraceFormatError, TraceNotFoundError, TraceWriteError

VERSION = 1
COLUMNS: dict[str, str] = {
    "pts": "media time of the frame, 1/90000 s",
    "captured_ns": "when it was captured; all times are monotonic ns",
    "raw_ready_ns": "when its raw picture was encoded",
    "result_ns": "when its detections came; null when the detector never answered for it",
    "annotated_ready_ns": "when its annotated picture was encoded",
    "cost_ns": "from deciding its boxes to its annotated picture being ready, ns",
    "raw_released_ns": "when it left in the raw channel",
    "annotated_released_ns": "when it left in the annotated channel",
    "detections_pts": "pts of the frame that the boxes drawn on it were computed on",
    "keyframe": "whether every encoder made it a keyframe",
    "raw_bytes": "size of its raw picture as encoded",
    "annotated_bytes": "size of its annotated picture as encoded",
}
"""Meaning and unit of each column. All but pts, captured_ns and keyframe may be null."""
_DTYPES: dict[str, Any] = dict.fromkeys(COLUMNS, "Int64") | {
    "pts": "int64",
    "captured_ns": "int64",
    "keyframe": "bool",
}
_SCHEMA = pa.schema(
    [
        pa.field(
            name,
            pa.bool_() if dtype == "bool" else pa.int64(),
            nullable=dtype == "Int64",
            metadata={"description": COLUMNS[name]},
        )
        for name, dtype in _DTYPES.items()
    ]
)
_ABOUT, _VERSION = b"streamlab", b"streamlab_trace"


def to_table(trace: Trace) -> pd.DataFrame:
    """Return the table of a generated trace: one keyframe a second, unknown columns null."""
    known = pd.DataFrame(trace.columns())
    known["result_ns"] = nullable(trace.result_ns)
    known["keyframe"] = keyframes(trace.pts)
    return known.reindex(columns=list(COLUMNS)).astype(_DTYPES)


def to_trace(table: pd.DataFrame) -> Trace:
    """Return the columns of a table that a replay needs.

    Frames that never left the raw encoder are left out, and a frame that was never drawn gets the
    median cost of the others.

    Raises:
        TraceFormatError: columns are missing, or no frame was drawn.
    """
    _check_columns(table.columns)
    ready = table[table["raw_ready_ns"].notna()].sort_values("captured_ns", kind="stable")
    cost_ns = ready["cost_ns"].astype("Float64")
    if cost_ns.isna().all():
        raise TraceFormatError(
            "the trace has no annotated frames",
            hint="Record while somebody watches the annotated channel.",
        )
    return Trace(
        pts=_column(ready["pts"]),
        captured_ns=_column(ready["captured_ns"]),
        raw_ready_ns=_column(ready["raw_ready_ns"]),
        result_ns=_column(ready["result_ns"].fillna(NO_RESULT)),
        cost_ns=_column(cost_ns.fillna(cost_ns.median()).round()),
    )


def write_trace(table: pd.DataFrame, path: str | Path, about: Mapping[str, object]) -> None:
    """Write a trace to Parquet: the whole file, or none.

    Args:
        about: a description of the recording that JSON can hold.

    Raises:
        TraceFormatError: columns are missing or have another type.
        TraceWriteError: the file cannot be written; an existing file stays as it was.
    """
    _check_columns(table.columns)
    try:
        typed = table[list(COLUMNS)].astype(_DTYPES)
        rows = pa.Table.from_pandas(typed, schema=_SCHEMA, preserve_index=False)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise TraceFormatError(
            f"the table is not a trace: {error}", hint="`COLUMNS` describes each column."
        ) from error
    metadata = {_ABOUT: json.dumps(dict(about)), _VERSION: str(VERSION)}
    write_whole(rows.replace_schema_metadata(metadata), Path(path))


def read_trace(path: str | Path) -> pd.DataFrame:
    """Return a trace table from Parquet; ``.attrs["about"]`` describes the recording.

    Raises:
        TraceNotFoundError: the file does not exist.
        TraceFormatError: the file is not a trace, or its version is unknown.
    """
    try:
        rows = pq.read_table(path, columns=None)
    except FileNotFoundError:
        raise TraceNotFoundError(
            f"there is no trace '{path}'",
            hint="Record one: streamlab record-trace CAMERA --seconds 60 --out trace.parquet",
        ) from None
    except (OSError, pa.ArrowException) as error:
        raise TraceFormatError(
            f"cannot read '{path}' as a Parquet file: {error}",
            hint="Traces are written by `streamlab record-trace` or `write_trace`.",
        ) from error
    metadata = rows.schema.metadata or {}
    _check_version(path, metadata.get(_VERSION))
    _check_columns(rows.column_names)
    table: pd.DataFrame = (
        rows.select(list(COLUMNS))
        .replace_schema_metadata(None)
        .to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    )
    table = table.astype(_DTYPES)
    try:
        table.attrs["about"] = json.loads(metadata.get(_ABOUT, b"{}"))
    except (ValueError, RecursionError) as error:
        raise TraceFormatError(f"'{path}' has unreadable metadata: {error}") from None
    return table


def write_whole(rows: pa.Table, path: Path) -> None:
    """Write Parquet beside ``path``, then move it there.

    Raises:
        TraceWriteError: the file cannot be written; an existing file stays as it was.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            pq.write_table(rows, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise TraceWriteError(
            f"cannot write '{path}': {error.strerror or error}",
            hint="Choose an existing, writable folder on a disk with free space.",
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def nullable(values: Column) -> pd.Series[Any]:
    """Return a column with null for ``NO_RESULT``."""
    return pd.Series(values, dtype="Int64").mask(values == NO_RESULT)


def _column(values: pd.Series[Any]) -> Column:
    return values.to_numpy(np.int64)


def _check_version(path: str | Path, version: bytes | None) -> None:
    if version is None:
        raise TraceFormatError(
            f"'{path}' is a Parquet file, but not a trace",
            hint="Traces are written by `streamlab record-trace` or `write_trace`.",
        )
    if version.decode() != str(VERSION):
        raise TraceFormatError(
            f"'{path}' is a trace of version {version.decode()}; this streamlab reads {VERSION}",
            hint="Read it with the version of streamlab that wrote it, or a newer one.",
        )


def _check_columns(names: pd.Index[str] | list[str]) -> None:
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise TraceFormatError(
            f"the trace lacks {', '.join(missing)}", hint=f"Its columns are {', '.join(COLUMNS)}."
        )
