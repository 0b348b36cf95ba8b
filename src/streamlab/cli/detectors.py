"""Chooses the detector of each camera: the meaning of ``--model`` and ``--camera-model``."""

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
    """The models named on the command line, and how ONNX Runtime runs them."""

    model: str | None = None
    camera_models: Sequence[str] = ()
    """``NAME=MODEL`` each."""
    provider: str | None = None
    threads: int | None = None

    def with_cameras(self, cameras: Iterable[CameraConfig]) -> ModelOptions:
        """Return a copy that adds the models of ``cameras``; ``camera_models`` take precedence."""
        configured = [f"{each.name}={each.model}" for each in cameras if each.model is not None]
        return replace(self, camera_models=[*configured, *self.camera_models])

    @property
    def only_synthetic(self) -> bool:
        """True if no model was named: the shared detector then serves synthetic cameras only."""
        return self.model is None

    def load_shared(self) -> Detector | None:
        """Load the shared detector; None for ``truth``, as each scene supplies its ground truth."""
        return None if self.model == TRUTH else self._load(self.model or DEFAULT_MODEL)

    def load_own(self, cameras: dict[str, SourceSpec]) -> dict[str, Detector]:
        """Load the detectors of the cameras that have a model in ``camera_models``.

        Args:
            cameras: all cameras by name.

        Returns:
            Detectors by camera name. Cameras with the same model share one, except for ``truth``
            and ``none``, which are loaded per camera.

        Raises:
            InvalidRequestError: an option is not ``NAME=MODEL``.
            UnknownCameraError: an option names a camera that is not in ``cameras``.
        """
        named = dict(_name_and_model(text, cameras) for text in self.camera_models)
        loaded: dict[str, Detector] = {}
        return {name: self._load_for(cameras[name], model, loaded) for name, model in named.items()}

    def _load_for(self, spec: SourceSpec, model: str, loaded: dict[str, Detector]) -> Detector:
        """Load a model once for all cameras that name it, except ``truth`` and ``none``."""
        if model in (TRUTH, NONE):
            return self._load(model, spec)
        if model not in loaded:
            loaded[model] = self._load(model)
        return loaded[model]

    def load(self, model: str, source: SourceSpec | None = None) -> Detector:
        """Load a detector with these options. Raises as ``load_detector`` does."""
        return load_detector(model, provider=self.provider, threads=self.threads, source=source)

    def _load(self, model: str, source: SourceSpec | None = None) -> Detector:
        with err.status(f"Loading the model {model}"):
            return self.load(model, source)


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
