"""The cameras that outlive a server."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamlab.config.camera import CameraConfig
from streamlab.config.store import MAX_KEPT, CameraStore
from streamlab.errors import ConfigurationError, LimitError, StateError

YARD = CameraConfig(
    name="yard",
    source="rtsp://jane:s3cret@h/x?token=t0k",
    classes=("car",),
    confidence=0.5,
    username=None,
    fps=0.5,
)
DOOR = CameraConfig(name="door", source="door.mp4", enabled=False)


def store(folder: Path, max_cameras: int = 3) -> CameraStore:
    made = CameraStore(folder, max_cameras=max_cameras)
    made.load()
    return made


def test_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    first = store(tmp_path / "state")
    first.put(YARD)
    first.put(DOOR)
    first.put(DOOR.model_copy(update={"enabled": True}))
    first.remove("nobody")
    again = store(tmp_path / "state")
    assert dict(again.load()) == {"yard": YARD, "door": DOOR.model_copy(update={"enabled": True})}
    again.remove("yard")
    assert list(store(tmp_path / "state").load()) == ["door"]


def test_only_the_owner_may_read_it_and_nothing_lies_beside(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.put(YARD)
    kept.put(DOOR)
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["cameras.json"]


def test_it_has_a_bound(tmp_path: Path) -> None:
    kept = store(tmp_path, max_cameras=1)
    kept.put(YARD)
    kept.put(YARD)
    with pytest.raises(LimitError):
        kept.put(DOOR)
    assert list(store(tmp_path).load()) == ["yard"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b"[1]", b"\xff", b"[" * 100_000, b" " * 5_000_000]
)
def test_a_corrupt_file_is_set_aside(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cameras.json"
    path.write_bytes(content)
    kept = store(tmp_path)
    assert "could not be read" in caplog.text
    assert (tmp_path / "cameras.json.corrupt").read_bytes() == content
    kept.put(YARD)
    assert list(store(tmp_path).load()) == ["yard"]


def test_a_camera_that_is_no_longer_valid_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store(tmp_path).put(DOOR)
    path = tmp_path / "cameras.json"
    tables = [*json.loads(path.read_text()), {"name": "x", "source": "gopher://a:s3cret@h"}]
    path.write_text(json.dumps(tables))
    assert list(store(tmp_path).load()) == ["door"]
    assert "left out" in caplog.text
    assert "s3cret" not in caplog.text


def tables_of(folder: Path) -> list[dict[str, object]]:
    tables: list[dict[str, object]] = json.loads((folder / "cameras.json").read_text())
    return tables


def test_a_camera_that_is_left_out_stays_in_the_file(tmp_path: Path) -> None:
    newer = {"name": "x", "source": "door.mp4", "of_a_later_version": [1, None, {"a": "ä"}]}
    nameless = {"source": "gopher://h"}
    (tmp_path / "cameras.json").write_text(json.dumps([newer, nameless]))
    kept = store(tmp_path, max_cameras=2)
    kept.put(YARD)
    kept.put(DOOR)
    kept.remove("door")
    assert [table for table in tables_of(tmp_path) if table in (newer, nameless)] == [
        newer,
        nameless,
    ]
    again = store(tmp_path, max_cameras=2)
    assert list(again.load()) == ["yard"]
    again.put(DOOR.model_copy(update={"name": "x"}))
    assert list(store(tmp_path).load()) == ["yard", "x"]
    assert [table.get("name") for table in tables_of(tmp_path)] == ["yard", "x", None]


def test_cameras_beyond_the_limit_stay_in_the_file_and_are_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = store(tmp_path)
    names = ["a", "b", "c"]
    for name in names:
        first.put(DOOR.model_copy(update={"name": name}))
    fewer = store(tmp_path, max_cameras=1)
    assert list(fewer.load()) == ["a"]
    for name in ("b", "c"):
        assert f"camera '{name}' in {tmp_path / 'cameras.json'} is left out" in caplog.text
    assert "max_cameras is 1" in caplog.text
    fewer.put(DOOR.model_copy(update={"name": "a", "enabled": True}))
    assert list(store(tmp_path).load()) == names
    fewer.remove("a")
    assert list(store(tmp_path, max_cameras=1).load()) == ["b"]


def test_invalid_cameras_do_not_take_the_place_of_valid_ones(tmp_path: Path) -> None:
    store(tmp_path).put(DOOR)
    tables = [{"name": "x", "source": "gopher://h"}, *tables_of(tmp_path)]
    (tmp_path / "cameras.json").write_text(json.dumps(tables))
    assert list(store(tmp_path, max_cameras=1).load()) == ["door"]


def test_what_is_kept_has_a_bound(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cameras.json").write_text(json.dumps([{"name": "x"}] * (MAX_KEPT + 5)))
    kept = store(tmp_path, max_cameras=1)
    assert f"only the first {MAX_KEPT + 1} cameras" in caplog.text
    kept.put(YARD)
    assert len(tables_of(tmp_path)) == 1 + MAX_KEPT + 1


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="state_folder"):
        store(tmp_path / "file")
    kept = store(tmp_path / "state")
    kept.path.parent.rmdir()
    with pytest.raises(StateError, match="cannot write"):
        kept.put(YARD)
    assert not list(tmp_path.glob("**/.cameras-*"))


def test_it_may_be_used_from_many_threads(tmp_path: Path) -> None:
    kept = store(tmp_path, max_cameras=64)
    cameras = [DOOR.model_copy(update={"name": f"n{number}"}) for number in range(16)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(kept.put, cameras))
        list(threads.map(kept.remove, [f"n{number}" for number in range(0, 16, 2)]))
    assert sorted(store(tmp_path, 64).load()) == sorted(f"n{number}" for number in range(1, 16, 2))
