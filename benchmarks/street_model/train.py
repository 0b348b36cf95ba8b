"""Training with Ultralytics, and export to end-to-end ONNX."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import onnx
import torch  # type: ignore[import-not-found,import-untyped,unused-ignore]
from ultralytics import YOLO  # type: ignore[import-not-found,import-untyped,unused-ignore]
from ultralytics.models.yolo.detect import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    DetectionTrainer,
)

from benchmarks.street_model.data import INPUT_SIZE

NETWORK = Path(__file__).with_name("street-yolo26n.yaml")
OPSET = 17
BATCH = 16

# The streets themselves vary light, weather, size and place; hue and saturation vary a little
# more. Traffic keeps to the right and the camera stands straight: no flips, no turns.
_AUGMENTATION = {
    "mosaic": 0.0,
    "fliplr": 0.0,
    "scale": 0.1,
    "translate": 0.05,
    "hsv_h": 0.01,
    "hsv_s": 0.3,
    "hsv_v": 0.2,
    "close_mosaic": 0,
}


class StreetTrainer(DetectionTrainer):  # type: ignore[misc,unused-ignore]
    """Trains without validating: ``evaluate`` measures the exported file, as it will be used.

    It also spares the recipe torchvision's compiled part, which not every torch build has and
    which Ultralytics' validator imports.
    """

    def _setup_train(self) -> None:
        """Use all cores, and bfloat16 where they multiply it: Ultralytics leaves a core free."""
        super()._setup_train()
        if self.device.type == "cpu":
            torch.set_num_threads(os.cpu_count() or 1)
            self.amp = torch.cpu.get_capabilities().get("avx512_bf16", False)

    def get_model(self, *args: Any, **kwargs: Any) -> Any:
        """Return the network with its channels last: on a CPU a step takes 0.6 times as long."""
        return super().get_model(*args, **kwargs).to(memory_format=torch.channels_last)

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return the batch as the network takes it, channels last."""
        batch = super().preprocess_batch(batch)
        batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
        return batch

    def get_validator(self) -> SimpleNamespace:
        """Return what stands for a validator that measures nothing."""
        return SimpleNamespace(metrics=SimpleNamespace(keys=[]))

    def validate(self) -> tuple[dict[str, float], float]:
        """Return no metrics and a fitness that calls the newest weights the best."""
        return {}, float(self.epoch)

    def final_eval(self) -> None:
        """Leave the weights as they are."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the training: its learning rate falls along half a cosine."""

    name: str
    epochs: int
    first_rate: float
    last_rate: float
    warmup_epochs: float


FIRST = Phase("first", 14, 0.002, 0.00035, 1.0)
LAST = Phase("last", 5, 0.0006, 0.000008, 0.1)


def train(
    phase: Phase, start: Path, description: Path, folder: Path, *, device: str | None = None
) -> Path:
    """Train from weights, or from a network's YAML, and return the new weights.

    ``description`` is Ultralytics' data YAML. ``device`` is a GPU when there is one, else the
    CPU. Weights are written after every epoch.
    """
    arguments: dict[str, Any] = {
        "data": str(description),
        "imgsz": max(INPUT_SIZE),
        "rect": True,
        "epochs": phase.epochs,
        "batch": BATCH,
        "nbs": BATCH,
        "optimizer": "AdamW",
        "lr0": phase.first_rate,
        "lrf": phase.last_rate / phase.first_rate,
        "cos_lr": True,
        "warmup_epochs": phase.warmup_epochs,
        "warmup_bias_lr": 0.0,
        "weight_decay": 0.0005,
        "cache": "ram",
        "workers": 4,
        "device": device,
        "amp": False,
        "plots": False,
        "val": False,
        "patience": 0,
        "project": str(folder.resolve()),
        "name": phase.name,
        "exist_ok": True,
        **_AUGMENTATION,
    }
    YOLO(str(start)).train(trainer=StreetTrainer, **arguments)
    return folder / phase.name / "weights" / "last.pt"


def device_name(device: str | None) -> str:
    """Return on what that trains, in words."""
    if torch.cuda.is_available() and device != "cpu":
        return str(torch.cuda.get_device_name())
    return f"{os.cpu_count()} CPU cores"


def export(weights: Path, path: Path) -> None:
    """Write the end-to-end ONNX model ``[n, 300, 6]``, which takes any number of pictures.

    Ultralytics makes either all or none of batch, height and width dynamic. The sides are
    fixed again here: pictures then always come letterboxed as they were in training.
    """
    width, height = INPUT_SIZE
    exported = YOLO(str(weights)).export(
        format="onnx", imgsz=(height, width), nms=False, dynamic=True, opset=OPSET, simplify=False
    )
    model = onnx.load(exported)
    sides = model.graph.input[0].type.tensor_type.shape.dim
    sides[2].dim_value, sides[3].dim_value = height, width
    # As exported these name the training folder, and the stride of the head only.
    about = {entry.key: entry for entry in model.metadata_props}
    about["description"].value = "Detector of streamlab's synthetic street"
    about["author"].value = "streamlab"
    about["stride"].value = "32"
    onnx.save(model, path)
