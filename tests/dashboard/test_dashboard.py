"""The cameras behind the dashboard: its own, asked from another loop than theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
import pytest

from streamlab.core.channels import QualityLevel
from streamlab.core.sync.policy import SyncPolicy
from streamlab.dashboard import samples
from streamlab.dashboard.cameras import Cameras
from streamlab.dashboard.health import health_table
from streamlab.dashboard.samples import Sample
from streamlab.errors import (
    CameraExistsError,
    InvalidRequestError,
    ModelError,
    SourceError,
    SourceNotAllowedError,
    StreamlabError,
    UnknownCameraError,
)
from streamlab.faults import PRESETS
from streamlab.lab.standalone import StandaloneCameras

TINY = "synthetic://traffic?width=160&height=90&fps=15"
PAGE = "http://localhost:5006"
TIMEOUT_S = 120.0
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Await it in a thread of its own: a browser of other tests may have a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="module")
def own() -> Iterator[StandaloneCameras]:
    own = StandaloneCameras([f"tiny={TINY}"], PAGE)
    yield own
    own.lab.close()


@pytest.fixture(scope="module")
def cameras(own: StandaloneCameras) -> Cameras:
    return own.cameras


@pytest.mark.parametrize("origin", [PAGE, "http://127.0.0.1:5006"])
def test_the_page_may_read_the_pictures(own: StandaloneCameras, origin: str) -> None:
    answer = httpx.get(f"{own.base_url}/cameras", headers={"Origin": origin}, timeout=TIMEOUT_S)
    assert answer.headers["access-control-allow-origin"] == origin
    assert [each["camera_id"] for each in answer.json()["cameras"]] == ["tiny"]
    elsewhere = {"Origin": "http://elsewhere.example"}
    stranger = httpx.get(f"{own.base_url}/cameras", headers=elsewhere, timeout=TIMEOUT_S)
    assert "access-control-allow-origin" not in stranger.headers


def test_cameras_are_added_and_removed(cameras: Cameras) -> None:
    async def scenario() -> tuple[list[str], list[str]]:
        names = [await cameras.add(f"{TINY}&seed={seed}") for seed in (1, 2)]
        table = health_table(await cameras.health(), "traffic")
        for name in names:
            assert f'data-camera="{name}"' in table
            await cameras.remove(name)
        return names, [each.camera_id for each in await cameras.health()]

    names, left = run(scenario())
    assert names == ["traffic", "traffic-2"]
    assert left == ["tiny"]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("", SourceError),
        ("gopher://nowhere", SourceError),
        ("synthetic://beach", SourceError),
        ("/etc/passwd", SourceNotAllowedError),
    ],
)
def test_what_cannot_be_a_camera_is_refused(
    cameras: Cameras, source: str, error: type[SourceError]
) -> None:
    with pytest.raises(error):
        run(cameras.add(source))
    with pytest.raises(UnknownCameraError):
        run(cameras.sample("nowhere", None, 1.0))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("tiny", CameraExistsError),
        ("mux", InvalidRequestError),
        ("a b", InvalidRequestError),
        ("../etc", InvalidRequestError),
        ("<b>", InvalidRequestError),
        ("ä" * 9, InvalidRequestError),
        ("x" * 65, InvalidRequestError),
    ],
)
def test_what_cannot_be_a_name_is_refused(
    cameras: Cameras, name: str, error: type[StreamlabError]
) -> None:
    with pytest.raises(error) as refused:
        run(cameras.add(TINY, name))
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("source", "model", "error"),
    [
        (TINY, "/etc/passwd", ModelError),
        (TINY, "yolo11n.pt", ModelError),
        ("x" * 100_000, "", SourceError),
        (TINY, "y" * 100_000, InvalidRequestError),
    ],
)
def test_what_cannot_be_a_model_is_refused(
    cameras: Cameras, source: str, model: str, error: type[StreamlabError]
) -> None:
    with pytest.raises(error) as refused:
        run(cameras.add(source, "refused", model))
    assert len(str(refused.value)) < 400


def test_a_camera_has_the_name_and_the_model_that_were_chosen(cameras: Cameras) -> None:
    async def scenario() -> dict[str, str]:
        for model in ("street", "none", "truth"):
            assert await cameras.add(TINY, f"with-{model}", model) == f"with-{model}"
        found = {each.camera_id: each.detector for each in await cameras.health()}
        for model in ("street", "none", "truth"):
            await cameras.remove(f"with-{model}")
        return found

    found = run(scenario())
    assert found["with-street"] == found["tiny"] == "street.onnx"
    assert (found["with-none"], found["with-truth"]) == ("none", "ground truth")


def test_the_form_offers_what_is_allowed(cameras: Cameras) -> None:
    choices = run(cameras.choices())
    assert [value for value, _ in choices.models] == ["", "street.onnx", "truth", "none"]
    assert "synthetic://traffic" in choices.source_help
    assert choices.file_help == ""


def test_looks_go_on_where_the_last_one_ended(cameras: Cameras) -> None:
    async def scenario() -> list[Sample]:
        samples = [await cameras.sample("tiny", None, 30.0)]
        recording = asyncio.create_task(cameras.record("tiny", 600.0))  # somebody must watch
        while sum(bool(sample.pairs) for sample in samples) < 3:
            samples.append(await cameras.sample("tiny", samples[-1].count, 30.0))
            assert not recording.done()
            await asyncio.sleep(0.05)
        recording.cancel()
        return samples

    samples = run(scenario())
    pts = [pair.pts for sample in samples for pair in sample.pairs]
    assert pts == sorted(set(pts))
    assert samples[-1].count == len(pts)


def test_changes_reach_the_camera(cameras: Cameras) -> None:
    async def scenario() -> list[Sample]:
        await cameras.change("tiny", policy=SyncPolicy.HOLD, tolerance_ms=33)
        await cameras.inject("tiny", PRESETS["lost frames"])
        changed = await cameras.sample("tiny", None, 1.0)
        await cameras.inject("tiny", None)
        return [changed, await cameras.sample("tiny", None, 1.0)]

    changed, ended = run(scenario())
    assert (changed.controls.policy, changed.controls.sync_tolerance_ms) == (SyncPolicy.HOLD, 33)
    assert changed.controls.faults["lost_fraction"] == 0.05
    assert ended.controls.faults == {}


def test_snapshot_is_of_both_channels(cameras: Cameras) -> None:
    snapshot = run(cameras.snapshot("tiny", QualityLevel.LOW))
    assert snapshot.raw.shape == snapshot.annotated.shape


def test_the_same_source_twice_at_once_gets_two_names(cameras: Cameras) -> None:
    async def scenario() -> list[str]:
        names = await asyncio.gather(*(cameras.add(f"{TINY}&seed=3") for _ in range(2)))
        for name in names:
            await cameras.remove(name)
        return names

    assert sorted(run(scenario())) == ["traffic", "traffic-2"]


def test_frames_that_nobody_asks_for_are_dropped(
    cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(cameras.frames("tiny", 1.0))
    assert cameras._watched
    monkeypatch.setattr(samples, "FORGET_AFTER_S", 0.0)
    while cameras._watched:
        run(cameras.health())
