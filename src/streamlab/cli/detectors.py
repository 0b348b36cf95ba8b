"""Which detector a camera gets: what ``--model`` and ``--camera-model`` mean."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from streamlab.cli.terminal import err
from streamlab.config.camera import CameraConfig
from streamlab.detect.detector import Detector
from streamlab.detect.load import load_detector
from streamlab.detect.shipped import DEFAULT_MODEL
from streamlab.errors import InvalidRequestError, UnknownCameraError
from streamlab.media.spec import SourceSpec

TRUTH, NONE = "truth", "none"


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """The models that were asked for by name, and how ONNX Runtime is to run them."""

    model: str | None = None
    camera_models: Sequence[str] = ()
    """``NAME=MODEL`` each."""
    provider: str | None = None
    threads: int | None = None

    def with_cameras(self, cameras: Iterable[CameraConfig]) -> ModelOptions:
        """Return the options with the models of configured cameras; those of options win."""
        configured = [f"{each.name}={each.model}" for each in cameras if each.model is not None]
        return replace(self, camera_models=[*configured, *self.camera_models])

    @property
    def only_synthetic(self) -> bool:
        """Whether the shared detector is for synthetic cameras only: nobody named a model."""
        return self.model is None

    def load_shared(self) -> Detector | None:
        """Return the detector of all cameras; None means that each scene tells its truth."""
        return None if self.model == TRUTH else self._load(self.model or DEFAULT_MODEL)

    def load_own(self, cameras: dict[str, SourceSpec]) -> dict[str, Detector]:
        """Return the detectors that cameras have for themselves.

        Cameras that name the same model get the same detector. Raises UnknownCameraError for a
        camera that is not there.
        """
        named = dict(_name_and_model(text, cameras) for text in self.camera_models)
        loaded: dict[str, Detector] = {}
        return {name: self._load_for(cameras[name], model, loaded) for name, model in named.items()}

    def _load_for(self, spec: SourceSpec, model: str, loaded: dict[str, Detector]) -> Detector:
        """Load a model once, for all cameras that name it."""
        if model in (TRUTH, NONE):
            return self._load(model, spec)
        if model not in loaded:
            loaded[model] = self._load(model)
        return loaded[model]

    def _load(self, model: str, source: SourceSpec | None = None) -> Detector:
        with err.status(f"Loading the model {model}"):
            return load_detector(model, provider=self.provider, threads=self.threads, source=source)


def _name_and_model(text: str, cameras: Collection[str]) -> tuple[str, str]:
    name, _, model = text.partition("=")
    if not name or not model:
        raise InvalidRequestError(
            f"--camera-model {text} is not NAME=MODEL", hint="Example: door=yolo.onnx"
        )
    if name not in cameras:
        raise UnknownCameraError(
            f"--camera-model {text}: there is no camera '{name}'",
            hint=f"Cameras: {', '.join(cameras)}.",
        )
    return name, model
