"""Cores as counted with and without what only Linux has."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from streamlab import cores


@pytest.fixture
def no_quota(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cores, "CGROUP", tmp_path)


@pytest.mark.usefixtures("no_quota")
def test_affinity_counts_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 2, 5}, raising=False)
    assert cores.usable_cores() == 3


@pytest.mark.usefixtures("no_quota")
@pytest.mark.parametrize(("count", "usable"), [(8, 8), (None, 1)])
def test_without_affinity(monkeypatch: pytest.MonkeyPatch, count: int | None, usable: int) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert cores.usable_cores() == usable


def test_a_quota_limits_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cores, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    (tmp_path / "cpu.max").write_text("250000 100000\n")
    assert cores.usable_cores() == 3


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("200000 100000\n", 2),
        ("50000 100000\n", 1),
        ("max 100000\n", None),
        ("", None),
        ("100000\n", None),
        ("100000 0\n", None),
        ("-1 100000\n", None),
        ("1" * 1000, None),
        ("²00000 100000\n", None),
    ],
)
def test_cgroup_v2(tmp_path: Path, text: str, quota: int | None) -> None:
    (tmp_path / "cpu.max").write_text(text, encoding="utf-8")
    assert cores.quota_cores(tmp_path) == quota


@pytest.mark.parametrize(("quota_us", "quota"), [("150000", 2), ("-1", None)])
def test_cgroup_v1(tmp_path: Path, quota_us: str, quota: int | None) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota_us}\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cores.quota_cores(tmp_path) == quota


@pytest.fixture
def three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("CPU affinity")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 3, 8})


@pytest.mark.usefixtures("no_quota", "three_cores")
def test_each_process_has_a_core_of_its_own_if_all_cores_get_one() -> None:
    assert [cores.core_of(number, 3) for number in range(3)] == [3, 5, 8]
    assert [cores.core_of(0, processes) for processes in (1, 2, 4)] == [None] * 3


@pytest.mark.usefixtures("no_quota", "three_cores")
def test_with_a_quota_no_process_has_a_core_of_its_own() -> None:
    (cores.CGROUP / "cpu.max").write_text("200000 100000\n")
    assert [cores.core_of(0, processes) for processes in (2, 3)] == [None, None]
