"""The models that may be chosen while a server runs: which, from where, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
import supervision as sv

from streamlab.camera.detection_services import DetectionServices
from streamlab.detect.detector import DetectorKind
from streamlab.errors import InvalidRequestError, ModelError, ModelNotFoundError
from streamlab.media.limits import SourceLimits
from streamlab.media.picture import Picture
from streamlab.media.spec import SourceKind, SourceSpec
from streamlab.viewers.model_choices import ModelChoices

STREET = SourceSpec.parse("synthetic://traffic?width=160&height=90")
DOOR = SourceSpec.parse("rtsp://camera.example/door")
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Await it in a thread of its own: a browser of other tests may have a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Model:
    """A detector that was loaded from a file."""

    kind: DetectorKind = "onnx"

    def __init__(self, path: str) -> None:
        self.path, self.name, self.is_closed = path, Path(path.partition("#")[0]).name, False

    def detect(self, pictures: Sequence[Picture]) -> list[sv.Detections]:
        return [sv.Detections.empty() for _ in pictures]

    def close(self) -> None:
        self.is_closed = True


class Served:
    """The services of a server that runs ``shared``, and the models that it was asked to load."""

    def __init__(self, folder: Path, shared: Model | None = None) -> None:
        self.services = DetectionServices(shared, only_synthetic=False)
        self.loaded: list[Model] = []
        own = self.services.load

        async def load(model: str, source: SourceSpec | None = None) -> Any:
            if model in ("none", "truth"):
                return await own(model, source)
            if not Path(model.partition("#")[0]).is_absolute() and model != "street":
                raise ModelNotFoundError(f"there is no model '{model}'")
            self.loaded.append(Model(model))
            return self.loaded[-1]

        self.services.load = load  # type: ignore[method-assign]
        self.choices = ModelChoices(self.services, SourceLimits((folder.resolve(),)))

    async def end(self) -> None:
        await self.services.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("a.onnx", "b.onnx", "c.pt", "d.yaml"):
        (folder / name).touch()
    (tmp_path / "outside.onnx").touch()
    (folder / "link.onnx").symlink_to(tmp_path / "outside.onnx")
    return folder


@pytest.mark.parametrize(
    "named",
    [
        lambda folder: str(folder / "c.pt"),
        lambda folder: str(folder / "d.yaml"),
        lambda folder: str(folder.parent / "outside.onnx"),
        lambda folder: str(folder / ".." / "outside.onnx"),
        lambda folder: str(folder / "link.onnx"),
        lambda _: "/etc/passwd",
        lambda _: "ultralytics:yolo11n.pt",
        lambda _: "yolo11n.pt",
        lambda _: "onnx:/etc/passwd.onnx",
        lambda _: "no\0pe.onnx",
        lambda _: "x" * 5000 + ".onnx",
        lambda _: "x" * 3000 + ".onnx",
        lambda _: "🚲 <script>",
        lambda _: "#format=yolov8",
        lambda _: " ",
    ],
)
def test_no_other_model_is_loaded(folder: Path, named: Callable[[Path], str]) -> None:
    async def scenario() -> Served:
        served = Served(folder)
        with pytest.raises(ModelError) as refused:
            async with served.choices.use(named(folder), STREET):
                pass
        assert len(str(refused.value)) < 400
        await served.end()
        return served

    assert run(scenario()).loaded == []


def test_a_file_in_an_allowed_folder_is_loaded_once_for_its_cameras(folder: Path) -> None:
    async def scenario() -> Served:
        served = Served(folder)
        path = f"{folder}/a.onnx#format=yolov8"
        async with (
            served.choices.use(path, STREET) as first,
            served.choices.use(path, DOOR) as second,
            served.choices.use("a.onnx", DOOR) as by_name,  # it runs now
        ):
            assert first is second is by_name
            assert served.choices.named[0] == "a.onnx"
        async with served.choices.use(path, DOOR) as again:
            assert again is not first
        await served.end()
        return served

    served = run(scenario())
    assert [each.path for each in served.loaded] == [f"{folder}/a.onnx#format=yolov8"] * 2
    assert all(each.is_closed for each in served.loaded)


def test_a_model_that_is_chosen_outlives_the_camera_that_had_it(folder: Path) -> None:
    async def scenario() -> None:
        served = Served(folder)
        async with served.choices.use(f"{folder}/a.onnx", STREET) as detector:
            assert detector is not None
            camera = served.services.acquire(detector)
            served.services.release(camera)
            assert not served.loaded[0].is_closed
            camera = served.services.acquire(detector)
        assert served.choices.named[0] == "a.onnx"
        assert not served.loaded[0].is_closed
        await served.end()

    run(scenario())


def test_the_choices_have_names(folder: Path) -> None:
    async def scenario() -> None:
        shared = Model("/elsewhere/yolo.onnx")
        served = Served(folder, shared)
        assert served.choices.named == ["yolo.onnx", "street"]
        assert served.choices.folders == (folder.resolve(),)
        assert served.choices.default_of(SourceKind.RTSP) == "yolo.onnx"
        async with served.choices.use("yolo.onnx", DOOR) as chosen:
            assert chosen is shared
        assert not shared.is_closed
        async with served.choices.use("", DOOR) as default:
            assert default is None
        async with served.choices.use("none", DOOR) as none:
            assert none is not None
        with pytest.raises(InvalidRequestError, match="ground truth"):
            async with served.choices.use("truth", DOOR):
                pass
        async with served.choices.use("street", DOOR):
            assert [each.path for each in served.loaded] == ["street"]
        await served.end()

    run(scenario())


def test_by_default_others_than_synthetic_sources_have_no_model() -> None:
    shared = Model("/elsewhere/street.onnx")
    services = DetectionServices(shared, only_synthetic=True)
    choices = ModelChoices(services, SourceLimits())
    assert choices.named == ["street.onnx"]
    assert choices.default_of(SourceKind.SYNTHETIC) == "street.onnx"
    assert choices.default_of(SourceKind.RTSP) == "none"
    assert (
        ModelChoices(DetectionServices(None, only_synthetic=True), SourceLimits()).default_of(
            "synthetic"
        )
        == "truth"
    )
