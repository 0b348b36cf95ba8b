"""Chooses the detector of each camera: the meaning of ``--model`` and ``--camera-model``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from streamlab.cli.terminal import err
from streamlab.config.camera import CameraConfig
from streamlab.detect.detector import Detector, LoadOptions
from streamlab.detect.load import LoadDetector, Recipe
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

    @property
    def options(self) -> LoadOptions:
        """How ONNX Runtime runs the models."""
        return LoadOptions(provider=self.provider, threads=self.threads)

    @property
    def shared(self) -> Recipe | None:
        """The shared detector; None for ``truth``, as each scene supplies its ground truth."""
        return None if self.model == TRUTH else Recipe(self.model or DEFAULT_MODEL, self.options)

    def own(self, cameras: dict[str, SourceSpec]) -> dict[str, Recipe]:
        """Return the detectors of the cameras that have a model in ``camera_models``.

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
        return {name: self._recipe(model, cameras[name]) for name, model in named.items()}

    def load_shared(self) -> Detector | None:
        """Load the shared detector in this process. Raises as ``load_detector`` does."""
        shared = self.shared
        if shared is None:
            return None
        with err.status(f"Loading the model {shared.model}"):
            return shared.load()

    def _recipe(self, model: str, spec: SourceSpec) -> Recipe:
        is_own = model in (TRUTH, NONE)
        return Recipe(model, replace(self.options, source=spec if is_own else None))


async def load_all(
    load: LoadDetector, shared: Recipe | None, own: Mapping[str, Recipe]
) -> tuple[Detector | None, dict[str, Detector]]:
    """Load the shared detector, and those of cameras by name; each once.

    Raises as ``load_detector`` does, at the first that cannot be loaded.
    """
    loaded: dict[Recipe | None, Detector] = {}
    for recipe in dict.fromkeys([*own.values(), *([] if shared is None else [shared])]):
        with err.status(f"Loading the model {recipe.model}"):
            loaded[recipe] = await load(recipe)
    return loaded.get(shared), {name: loaded[recipe] for name, recipe in own.items()}


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
