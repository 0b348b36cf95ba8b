"""The trace table and its file: what is written is what is read, or an error that says why."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamlab.analysis import COLUMNS, make_trace, read_trace, to_table, to_trace, write_trace
from streamlab.analysis.table import VERSION
from streamlab.errors import TraceFormatError, TraceNotFoundError, TraceWriteError

ABOUT = {"camera_id": "street", "fps": "30", "sync_tolerance_ms": 50.0}
NEVER_NULL = ("pts", "captured_ns", "keyframe")
INT64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Any recorded trace: every number that fits, null wherever it may be, also no rows."""
    count = draw(st.integers(0, 8))

    def column(name: str) -> pd.Series[int]:
        one = st.booleans() if name == "keyframe" else INT64
        values = one if name in NEVER_NULL else st.none() | one
        dtype = {"pts": "int64", "captured_ns": "int64", "keyframe": "bool"}.get(name, "Int64")
        return pd.Series(draw(st.lists(values, min_size=count, max_size=count)), dtype=dtype)

    return pd.DataFrame({name: column(name) for name in COLUMNS})


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_what_is_written_is_read(table: pd.DataFrame, tmp_path: Path) -> None:
    write_trace(table, tmp_path / "trace.parquet", ABOUT)
    read = read_trace(tmp_path / "trace.parquet")
    pd.testing.assert_frame_equal(read, table)
    assert read.attrs["about"] == ABOUT


def test_a_trace_survives_its_table() -> None:
    trace = make_trace("overload", seconds=5)
    back = to_trace(to_table(trace))
    for name, column in trace.columns().items():
        if name != "cost_ns":
            np.testing.assert_array_equal(back.columns()[name], column)
    np.testing.assert_array_equal(back.cost_ns, trace.cost_ns)


def test_frames_that_were_never_ready_or_drawn() -> None:
    table = to_table(make_trace("steady", seconds=1))
    table.loc[3, "raw_ready_ns"] = pd.NA
    table.loc[4, "cost_ns"] = pd.NA
    trace = to_trace(table)
    assert len(trace) == len(table) - 1
    assert trace.cost_ns[3] == round(float(table["cost_ns"].drop([3, 4]).median()))


def test_a_trace_in_which_nothing_was_drawn_cannot_be_replayed() -> None:
    table = to_table(make_trace("steady", seconds=1))
    table["cost_ns"] = pd.array([pd.NA] * len(table), "Int64")
    with pytest.raises(TraceFormatError, match="no annotated frames"):
        to_trace(table)


def test_the_file_says_what_its_columns_mean(tmp_path: Path) -> None:
    path = tmp_path / "trace.parquet"
    write_trace(to_table(make_trace("steady", seconds=1)), path, ABOUT)
    schema = pq.read_schema(path)
    told = {field.name: field.metadata[b"description"].decode() for field in schema}
    assert told == COLUMNS
    assert [field.name for field in schema if not field.nullable] == list(NEVER_NULL)


def test_files_that_are_no_traces(tmp_path: Path) -> None:
    path = tmp_path / "trace.parquet"
    with pytest.raises(TraceNotFoundError) as missing:
        read_trace(path)
    assert "record-trace" in missing.value.hint
    path.write_text("pts,captured_ns\n")
    with pytest.raises(TraceFormatError, match="as a Parquet file"):
        read_trace(path)
    pq.write_table(pa.table({"pts": [1]}), path)
    with pytest.raises(TraceFormatError, match="not a trace"):
        read_trace(path)


def test_a_trace_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "trace.parquet"
    rows = pa.table({"pts": [1]}).replace_schema_metadata({"streamlab_trace": str(VERSION + 1)})
    pq.write_table(rows, path)
    with pytest.raises(TraceFormatError, match=f"version {VERSION + 1}"):
        read_trace(path)


def test_a_table_that_is_no_trace(tmp_path: Path) -> None:
    table = to_table(make_trace("steady", seconds=1))
    with pytest.raises(TraceFormatError, match=r"lacks pts, raw_bytes") as lacking:
        write_trace(table.drop(columns=["pts", "raw_bytes"]), tmp_path / "trace.parquet", {})
    assert "annotated_bytes" in lacking.value.hint
    table["captured_ns"] = "soon"
    with pytest.raises(TraceFormatError, match="not a trace"):
        write_trace(table, tmp_path / "trace.parquet", {})
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_leaves_the_older_trace(tmp_path: Path) -> None:
    path = tmp_path / "trace.parquet"
    write_trace(to_table(make_trace("steady", seconds=1)), path, ABOUT)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(TraceWriteError) as full:
            write_trace(to_table(make_trace("lognormal", seconds=60)), path, ABOUT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "free space" in full.value.hint
    assert len(read_trace(path)) == 30
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TraceWriteError, match="cannot write"):
        write_trace(to_table(make_trace("steady", seconds=1)), tmp_path / "no" / "t.parquet", {})
